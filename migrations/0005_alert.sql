-- An alert is an unbroken stretch of anomalies on one series; it is firing until it has an end, and one may fire at a time.
CREATE TABLE alert (
  id               integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  series_id        integer          NOT NULL REFERENCES series ON DELETE CASCADE,
  starts_at        timestamptz      NOT NULL,
  ends_at          timestamptz      CHECK (ends_at > starts_at),
  peak_at          timestamptz      NOT NULL,
  peak_value       double precision NOT NULL,
  peak_expected    double precision,
  peak_lower       double precision,
  peak_upper       double precision,
  peak_score       real             NOT NULL,
  peak_vrnn_share  real             NOT NULL,
  threshold        real             NOT NULL,
  is_history       boolean          NOT NULL DEFAULT false,
  created_at       timestamptz      NOT NULL DEFAULT now(),
  UNIQUE (series_id, starts_at)
);
CREATE UNIQUE INDEX alert_firing ON alert (series_id) WHERE ends_at IS NULL;
CREATE INDEX alert_newest ON alert (starts_at DESC);

-- A channel is where notifications go.
CREATE TABLE channel (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind        text        NOT NULL DEFAULT 'webhook' CHECK (kind IN ('webhook')),
  name        text        NOT NULL,
  url         text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- A notification is a message about an alert to one channel; written with what it tells of, sent later, retried until delivered.
CREATE TABLE notification (
  id               uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  channel_id       integer     NOT NULL REFERENCES channel ON DELETE CASCADE,
  alert_id         integer     NOT NULL REFERENCES alert ON DELETE CASCADE,
  event            text        NOT NULL CHECK (event IN ('alert.firing', 'alert.resolved')),
  created_at       timestamptz NOT NULL DEFAULT now(),
  attempts         integer     NOT NULL DEFAULT 0,
  next_attempt_at  timestamptz NOT NULL DEFAULT now(),
  delivered_at     timestamptz,
  failed_at        timestamptz,
  last_error       text,
  UNIQUE (channel_id, alert_id, event)
);
CREATE INDEX notification_waiting ON notification (next_attempt_at) WHERE delivered_at IS NULL AND failed_at IS NULL;
