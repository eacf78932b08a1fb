-- A channel is of one of seven kinds, tells of the alerts of some series, and keeps its secrets sealed; `url` is the plain address of a
-- webhook from before, until the process that sends has sealed it: only that process is sure to have the key.
ALTER TABLE channel DROP CONSTRAINT channel_kind_check;
ALTER TABLE channel ADD CONSTRAINT channel_kind_check
  CHECK (kind IN ('webhook', 'slack', 'pagerduty', 'teams', 'email', 'alertmanager', 'ntfy'));
ALTER TABLE channel ALTER COLUMN url DROP NOT NULL;
-- What is no secret, and what is shown of the address.
ALTER TABLE channel ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';
ALTER TABLE channel ADD COLUMN place text NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN secrets bytea;
ALTER TABLE channel ADD COLUMN secret_names text[] NOT NULL DEFAULT '{}';
ALTER TABLE channel ADD COLUMN is_enabled boolean NOT NULL DEFAULT true;
-- Which series it is told of, as a detector's selector.
ALTER TABLE channel ADD COLUMN selector jsonb NOT NULL DEFAULT '{}';
ALTER TABLE channel ADD COLUMN sends_resolved boolean NOT NULL DEFAULT true;
-- Seconds after which it is told again of an alert that still fires.
ALTER TABLE channel ADD COLUMN repeat_s integer CHECK (repeat_s > 0);
UPDATE channel SET place = COALESCE(substring(url FROM '^[a-z]+://([^/?#]+)'), ''), secret_names = '{url}';

-- The first word of an alert is repetition 0, each reminder counts on.
ALTER TABLE notification ADD COLUMN repetition integer NOT NULL DEFAULT 0;
ALTER TABLE notification DROP CONSTRAINT notification_channel_id_alert_id_event_key;
ALTER TABLE notification ADD CONSTRAINT notification_once UNIQUE (channel_id, alert_id, event, repetition);
