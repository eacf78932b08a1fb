-- An alert is of one of five kinds, and one of each kind may fire at a time on a series. What is not about anomalies has no score;
-- `facts` are what its sentence is made of.
ALTER TABLE alert
  ADD COLUMN kind text NOT NULL DEFAULT 'anomaly' CHECK (kind IN ('anomaly', 'silent', 'frozen', 'cadence', 'breach')),
  ADD COLUMN severity text NOT NULL DEFAULT 'warning' CHECK (severity IN ('info', 'warning', 'critical')),
  ADD COLUMN facts jsonb,
  ALTER COLUMN peak_score DROP NOT NULL,
  ALTER COLUMN peak_vrnn_share DROP NOT NULL,
  ALTER COLUMN threshold DROP NOT NULL,
  ADD CHECK ((kind = 'anomaly') = (peak_score IS NOT NULL AND peak_vrnn_share IS NOT NULL AND threshold IS NOT NULL)),
  ADD CHECK ((kind = 'anomaly') = (facts IS NULL)),
  DROP CONSTRAINT alert_series_id_starts_at_key,
  ADD CONSTRAINT alert_once UNIQUE (series_id, kind, starts_at);
DROP INDEX alert_firing;
CREATE UNIQUE INDEX alert_firing ON alert (series_id, kind) WHERE ends_at IS NULL;

-- A false alarm of another kind than an anomaly has no score to raise.
ALTER TABLE verdict DROP CONSTRAINT verdict_check, ADD CHECK (floor IS NULL OR kind = 'false_alarm');
