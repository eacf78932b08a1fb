-- Limits of a series, and how sure a forecast has to be that one will be crossed.
ALTER TABLE series
  ADD COLUMN upper_limit double precision,
  ADD COLUMN lower_limit double precision,
  ADD COLUMN breach_probability real CHECK (breach_probability BETWEEN 0.5 AND 0.95),
  ADD CHECK (lower_limit < upper_limit);

-- Which kinds of alerts a detector raises, and how much they matter: of its rule, so with versions.
ALTER TABLE detector
  ADD COLUMN kinds text[] NOT NULL DEFAULT '{anomaly,silent,frozen,cadence,breach}'
    CHECK (kinds <@ '{anomaly,silent,frozen,cadence,breach}' AND cardinality(kinds) > 0),
  ADD COLUMN severity text NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'critical'));
ALTER TABLE rule
  ADD COLUMN kinds text[] NOT NULL DEFAULT '{anomaly,silent,frozen,cadence,breach}',
  ADD COLUMN severity text NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'critical'));

CREATE OR REPLACE FUNCTION first_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rule (detector_id, version, since, alert_budget, fire_after, resolve_after, direction, smallest_change, change_is_percent,
                    kinds, severity)
  VALUES (NEW.id, NEW.rule_version, '-infinity', NEW.alert_budget, NEW.fire_after, NEW.resolve_after, NEW.direction,
          NEW.smallest_change, NEW.change_is_percent, NEW.kinds, NEW.severity);
  RETURN NULL;
END $$;

-- A profile is what a series usually does, learnt from its newest samples; `live_at` is when it was last seen to report live.
CREATE TABLE profile (
  series_id    integer PRIMARY KEY REFERENCES series ON DELETE CASCADE,
  made_at      timestamptz,
  -- The longest gap that recurred, and the longest run of equal values; milliseconds, samples.
  gap_ms       double precision,
  longest_run  integer,
  -- Share of the samples that repeat the one before, and whether almost all gaps are the period.
  repeats      real,
  is_regular   boolean,
  live_at      timestamptz,
  -- How old its newest sample usually gets before the next one arrives.
  delay_ms     double precision
);
