-- An API key opens the API to whoever holds it; only its hash is kept.
CREATE TABLE api_key (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name        text        NOT NULL,
  hash        bytea       NOT NULL UNIQUE,
  created_at  timestamptz NOT NULL DEFAULT now()
);

-- The demo replays public series; its one row says since when and how fast, so that a restart goes on with it.
CREATE TABLE demo (
  id          integer     PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  started_at  timestamptz NOT NULL DEFAULT now(),
  speed       real        NOT NULL CHECK (speed > 0)
);
