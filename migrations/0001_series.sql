-- A series is one measured quantity, known by its name and labels; its watermark says what has arrived and what waits to be scored.
CREATE TABLE series (
  id             integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name           text        NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  labels         jsonb       NOT NULL DEFAULT '{}',
  unit           text,
  period_ms      bigint      CHECK (period_ms > 0),
  period_is_set  boolean     NOT NULL DEFAULT false,
  created_at     timestamptz NOT NULL DEFAULT now()
);

-- Labels can be longer than an index row may be, so their digest stands in for them.
CREATE UNIQUE INDEX series_identity ON series (name, md5(labels::text));
CREATE INDEX series_labels ON series USING gin (labels jsonb_path_ops);

CREATE TABLE watermark (
  series_id        integer     PRIMARY KEY REFERENCES series ON DELETE CASCADE,
  first_sample_at  timestamptz NOT NULL,
  last_sample_at   timestamptz NOT NULL,
  -- Earliest sample that arrived since scoring last looked, and when the first of these arrived.
  unscored_from    timestamptz,
  unscored_since   timestamptz,
  -- Earliest sample scoring has taken and not finished with: a crash leaves it, and scoring takes it up again.
  scoring_from     timestamptz
) WITH (fillfactor = 50);

CREATE INDEX watermark_waiting ON watermark (series_id) WHERE unscored_from IS NOT NULL OR scoring_from IS NOT NULL;
