-- A verdict is what a person said of an alert; it acts on what is learnt from the series and on what is an anomaly there.
CREATE TABLE verdict (
  alert_id  integer     PRIMARY KEY REFERENCES alert ON DELETE CASCADE,
  kind      text        NOT NULL CHECK (kind IN ('real', 'expected', 'false_alarm', 'new_normal')),
  comment   text        NOT NULL DEFAULT '',
  -- The score that a sample of this series has to reach since, to be an anomaly; of a false alarm alone.
  floor     real        CHECK ((floor IS NOT NULL) = (kind = 'false_alarm')),
  given_at  timestamptz NOT NULL
);
