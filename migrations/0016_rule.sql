-- A rule says which anomalies of a detector become alerts; a changed one is a new version, for samples from `since` on.
CREATE TABLE rule (
  detector_id        integer          NOT NULL REFERENCES detector ON DELETE CASCADE,
  version            integer          NOT NULL CHECK (version >= 1),
  since              timestamptz      NOT NULL,
  alert_budget       real             NOT NULL CHECK (alert_budget > 0),
  fire_after         integer          NOT NULL CHECK (fire_after >= 1),
  resolve_after      integer          NOT NULL CHECK (resolve_after >= 1),
  direction          text             NOT NULL CHECK (direction IN ('above', 'below', 'both')),
  -- How far from the expected value a sample has to be; in percent of it where change_is_percent. NULL: any distance.
  smallest_change    double precision CHECK (smallest_change > 0),
  change_is_percent  boolean          NOT NULL,
  PRIMARY KEY (detector_id, version)
);

-- The detector holds its newest version.
ALTER TABLE detector
  ALTER COLUMN fire_after SET DEFAULT 2,
  ADD COLUMN direction text NOT NULL DEFAULT 'both' CHECK (direction IN ('above', 'below', 'both')),
  ADD COLUMN smallest_change double precision CHECK (smallest_change > 0),
  ADD COLUMN change_is_percent boolean NOT NULL DEFAULT false,
  ADD COLUMN rule_version integer NOT NULL DEFAULT 1 CHECK (rule_version >= 1);

ALTER TABLE alert ADD COLUMN rule_version integer NOT NULL DEFAULT 1;

CREATE FUNCTION first_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO rule (detector_id, version, since, alert_budget, fire_after, resolve_after, direction, smallest_change, change_is_percent)
  VALUES (NEW.id, NEW.rule_version, '-infinity', NEW.alert_budget, NEW.fire_after, NEW.resolve_after, NEW.direction,
          NEW.smallest_change, NEW.change_is_percent);
  RETURN NULL;
END $$;
CREATE TRIGGER detector_first_rule AFTER INSERT ON detector FOR EACH ROW EXECUTE FUNCTION first_rule();

-- Alerts begin after two anomalies in a row instead of three. Where there are models already, that is a new version: what three
-- have said of the past stays.
UPDATE detector d SET fire_after = 2
WHERE d.fire_after = 3 AND NOT EXISTS (SELECT FROM model m WHERE m.detector_id = d.id);

INSERT INTO rule (detector_id, version, since, alert_budget, fire_after, resolve_after, direction, smallest_change, change_is_percent)
SELECT d.id, 1, '-infinity', d.alert_budget, d.fire_after, d.resolve_after, d.direction, d.smallest_change, d.change_is_percent
FROM detector d;

WITH changed AS (
  UPDATE detector SET fire_after = 2, rule_version = 2 WHERE fire_after = 3 RETURNING *
)
INSERT INTO rule (detector_id, version, since, alert_budget, fire_after, resolve_after, direction, smallest_change, change_is_percent)
SELECT c.id, 2, now(), c.alert_budget, c.fire_after, c.resolve_after, c.direction, c.smallest_change, c.change_is_percent
FROM changed c;
