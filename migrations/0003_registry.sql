-- A detector says which series are watched, by which models, and how sensitively; the first one watches everything.
CREATE TABLE detector (
  id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text        NOT NULL UNIQUE,
  selector       jsonb       NOT NULL DEFAULT '{}',
  models         text[]      NOT NULL DEFAULT '{vrnn,vae}',
  horizon        integer     NOT NULL DEFAULT 48 CHECK (horizon BETWEEN 1 AND 500),
  alert_budget   real        NOT NULL DEFAULT 1 CHECK (alert_budget > 0),
  fire_after     integer     NOT NULL DEFAULT 3 CHECK (fire_after >= 1),
  resolve_after  integer     NOT NULL DEFAULT 5 CHECK (resolve_after >= 1),
  retrain_hours  real        NOT NULL DEFAULT 24 CHECK (retrain_hours > 0),
  created_at     timestamptz NOT NULL DEFAULT now()
);
INSERT INTO detector (name) VALUES ('everything');

-- A training run trains a detector's models on its series of one period; its state follows from its timestamps.
CREATE TABLE training_run (
  id            integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  detector_id   integer     NOT NULL REFERENCES detector ON DELETE CASCADE,
  period_ms     bigint      NOT NULL CHECK (period_ms > 0),
  reason        text        NOT NULL,
  seed          integer     NOT NULL,
  queued_at     timestamptz NOT NULL DEFAULT now(),
  started_at    timestamptz,
  -- The trainer renews it; a run whose heartbeat stops is started again.
  heartbeat_at  timestamptz,
  attempts      integer     NOT NULL DEFAULT 0,
  ended_at      timestamptz,
  series_count  integer,
  sample_count  bigint,
  progress      real        NOT NULL DEFAULT 0,
  step          text        NOT NULL DEFAULT 'queued',
  losses        jsonb       NOT NULL DEFAULT '[]',
  backend       text,
  backend_why   text,
  outcome       text,
  error         text
);
CREATE UNIQUE INDEX training_run_open ON training_run (detector_id, period_ms) WHERE ended_at IS NULL;

-- A model is weights, config and calibration; immutable and versioned; the champion is the one that serves.
CREATE TABLE model (
  id                integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  detector_id       integer     NOT NULL REFERENCES detector ON DELETE CASCADE,
  training_run_id   integer     NOT NULL REFERENCES training_run ON DELETE CASCADE,
  period_ms         bigint      NOT NULL,
  kind              text        NOT NULL CHECK (kind IN ('vae', 'vrnn')),
  version           integer     NOT NULL,
  created_at        timestamptz NOT NULL DEFAULT now(),
  seed              integer     NOT NULL,
  config            jsonb       NOT NULL,
  weights           bytea       NOT NULL,
  -- Serves series the model was not trained on.
  calibration       jsonb       NOT NULL,
  data_from         timestamptz NOT NULL,
  data_to           timestamptz NOT NULL,
  series_count      integer     NOT NULL,
  sample_count      bigint      NOT NULL,
  training_seconds  real        NOT NULL,
  backend           text        NOT NULL,
  held_out_loss     real,
  champion_loss     real,
  promoted_at       timestamptz,
  retired_at        timestamptz,
  UNIQUE (detector_id, period_ms, kind, version)
);
CREATE UNIQUE INDEX model_champion ON model (detector_id, period_ms, kind) WHERE promoted_at IS NOT NULL AND retired_at IS NULL;

-- What a model knows of one series: how to scale it and how its raw scores are distributed.
CREATE TABLE model_series (
  model_id     integer NOT NULL REFERENCES model ON DELETE CASCADE,
  series_id    integer NOT NULL REFERENCES series ON DELETE CASCADE,
  scaler       jsonb   NOT NULL,
  calibration  jsonb,
  PRIMARY KEY (model_id, series_id)
);

-- Why a series has no model, in words a person understands; no row means nothing stands against one.
CREATE TABLE unmodelled (
  series_id   integer     PRIMARY KEY REFERENCES series ON DELETE CASCADE,
  reason      text        NOT NULL,
  checked_at  timestamptz NOT NULL DEFAULT now()
);
