-- A silence is a human decision that alerts of matching series do not notify; of a maintenance window, training leaves the samples out too.
CREATE TABLE silence (
  id          integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text        NOT NULL CHECK (kind IN ('silence', 'maintenance')),
  matchers    jsonb       NOT NULL,
  comment     text        NOT NULL DEFAULT '',
  begins_at   timestamptz NOT NULL,
  -- null: it recurs until somebody ends it.
  until       timestamptz CHECK (until > begins_at),
  -- Days, time of the day, zone and duration of what recurs; null: it acts once.
  recurrence  jsonb,
  created_at  timestamptz NOT NULL,
  ended_at    timestamptz,
  ended_by    text,
  CHECK (until IS NOT NULL OR recurrence IS NOT NULL),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);

-- Which silence held which notification back. It outlives the notification and the channel: it is what is counted.
CREATE TABLE silence_held (
  silence_id  integer     NOT NULL REFERENCES silence ON DELETE CASCADE,
  alert_id    integer     NOT NULL REFERENCES alert ON DELETE CASCADE,
  channel_id  integer     NOT NULL,
  held_at     timestamptz NOT NULL,
  PRIMARY KEY (silence_id, alert_id, channel_id)
);
CREATE INDEX silence_held_alert ON silence_held (alert_id);
