-- A source is what samples are fetched from: how to reach it, how far it has come (`cursor`, in its own terms), and what came of it.
CREATE TABLE source (
  id               integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name             text        NOT NULL,
  settings         jsonb       NOT NULL CHECK (settings->>'kind' IN ('prometheus', 'sql', 'mqtt', 'kafka')),
  -- Sealed; the names of what is in it can be read without the key.
  secrets          bytea,
  secret_names     text[]      NOT NULL DEFAULT '{}' CHECK ((secrets IS NULL) = (secret_names = '{}')),
  is_enabled       boolean     NOT NULL DEFAULT true,
  created_at       timestamptz NOT NULL DEFAULT now(),
  -- Grows with every change: whoever runs an older one begins anew.
  version          integer     NOT NULL DEFAULT 1,
  -- One process runs it, for as long as it renews its claim.
  claimed_by       uuid,
  claimed_until    timestamptz,
  cursor           text,
  cursor_at        timestamptz CHECK (cursor IS NULL OR cursor_at IS NOT NULL),
  last_success_at  timestamptz,
  last_error       text,
  last_error_at    timestamptz CHECK ((last_error IS NULL) = (last_error_at IS NULL)),
  samples_written  bigint      NOT NULL DEFAULT 0,
  refused          jsonb       NOT NULL DEFAULT '[]'
);
