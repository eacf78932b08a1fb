-- An incident is alerts that belong together, told of once; `incident_event` is its story, as it was known then.
CREATE TABLE incident (
  id               integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  starts_at        timestamptz NOT NULL,
  -- When the last of its alerts ended; null: one of them is firing.
  ends_at          timestamptz,
  severity         text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  is_history       boolean     NOT NULL,
  -- The likely first mover.
  first_alert_id   integer     REFERENCES alert ON DELETE SET NULL,
  title            text        NOT NULL,
  reasons          text[]      NOT NULL DEFAULT '{}',
  alert_count      integer     NOT NULL,
  series_count     integer     NOT NULL,
  reopenings       integer     NOT NULL DEFAULT 0,
  acknowledged_at  timestamptz,
  -- The incident that took its alerts.
  merged_into      integer     REFERENCES incident ON DELETE CASCADE
);
CREATE INDEX incident_newest ON incident (starts_at DESC, id DESC);
CREATE INDEX incident_open ON incident (id) WHERE ends_at IS NULL;

CREATE TABLE incident_event (
  id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id  integer     NOT NULL REFERENCES incident ON DELETE CASCADE,
  at           timestamptz NOT NULL,
  kind         text        NOT NULL,
  detail       text        NOT NULL
);
CREATE INDEX incident_event_incident ON incident_event (incident_id, id);

-- Each alert of before is an incident of its own, with its number.
INSERT INTO incident (id, starts_at, ends_at, severity, is_history, first_alert_id, title, alert_count, series_count)
OVERRIDING SYSTEM VALUE
SELECT a.id, a.starts_at, a.ends_at, a.severity, a.is_history, a.id,
       s.name || COALESCE((SELECT '{' || string_agg(l.key || '=' || l.value, ', ') || '}' FROM jsonb_each_text(s.labels) l), ''), 1, 1
FROM alert a
JOIN series s ON s.id = a.series_id;
SELECT setval(pg_get_serial_sequence('incident', 'id'), COALESCE(max(id), 0) + 1, false) FROM incident;

ALTER TABLE alert ADD COLUMN incident_id integer REFERENCES incident ON DELETE SET NULL;
UPDATE alert SET incident_id = id;
CREATE INDEX alert_incident ON alert (incident_id);

-- Alerts that meet, of series that fired together before: `met` times of `total`, as it was known when they first met.
CREATE TABLE alert_together (
  alert_id  integer NOT NULL REFERENCES alert ON DELETE CASCADE,
  other_id  integer NOT NULL REFERENCES alert ON DELETE CASCADE,
  met       integer NOT NULL,
  total     integer NOT NULL,
  PRIMARY KEY (alert_id, other_id)
);
CREATE INDEX alert_together_other ON alert_together (other_id);

-- A notification is about an incident; each time that it begins again is an episode. What is told of it hangs on its thread: the id
-- of the first notification of it to a channel, null in that one itself.
ALTER TABLE notification DROP CONSTRAINT notification_event_check;
UPDATE notification SET event = replace(event, 'alert.', 'incident.');
ALTER TABLE notification
  ADD CONSTRAINT notification_event_check CHECK (event IN ('incident.firing', 'incident.resolved')),
  ADD COLUMN incident_id integer REFERENCES incident ON DELETE CASCADE,
  ADD COLUMN episode integer NOT NULL DEFAULT 0,
  ADD COLUMN thread uuid;
UPDATE notification n
SET incident_id = n.alert_id,
    thread = (SELECT f.id FROM notification f
              WHERE f.channel_id = n.channel_id AND f.alert_id = n.alert_id AND f.event = 'incident.firing' AND f.repetition = 0
                AND f.id <> n.id);
ALTER TABLE notification ALTER COLUMN incident_id SET NOT NULL, DROP COLUMN alert_id;
ALTER TABLE notification ADD CONSTRAINT notification_once UNIQUE (channel_id, incident_id, event, episode, repetition);
CREATE INDEX notification_incident ON notification (incident_id);

-- The least severe alerts that a channel is told of, and how long the first word of an incident waits for what joins.
ALTER TABLE channel
  ADD COLUMN least_severity text NOT NULL DEFAULT 'info' CHECK (least_severity IN ('info', 'warning', 'critical')),
  ADD COLUMN group_wait_s integer NOT NULL DEFAULT 10 CHECK (group_wait_s BETWEEN 0 AND 600);

ALTER TABLE silence_held ADD COLUMN incident_id integer REFERENCES incident ON DELETE CASCADE;
UPDATE silence_held SET incident_id = alert_id;
ALTER TABLE silence_held DROP CONSTRAINT silence_held_pkey, ALTER COLUMN incident_id SET NOT NULL, DROP COLUMN alert_id,
  ADD COLUMN episode integer NOT NULL DEFAULT 0, ADD PRIMARY KEY (silence_id, incident_id, channel_id, episode);
CREATE INDEX silence_held_incident ON silence_held (incident_id);
