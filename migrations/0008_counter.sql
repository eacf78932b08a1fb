-- A counter only grows and begins anew: what is watched is its rate a second, a series of its own; the raw values are kept.
ALTER TABLE series ADD COLUMN is_counter boolean NOT NULL DEFAULT false;
ALTER TABLE series ADD COLUMN rate_of integer REFERENCES series ON DELETE CASCADE;
CREATE UNIQUE INDEX series_rate_of ON series (rate_of) WHERE rate_of IS NOT NULL;

-- What one statement wrote, beside the samples themselves, until it is folded into the watermarks: one row of arrays costs
-- a tenth of thousands of watermarks, and one fold serves many statements. A process that dies leaves its rows to the next.
CREATE TABLE touched (
  id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT now(),
  samples     integer     NOT NULL,
  series_ids  integer[]   NOT NULL,
  -- Of each series the first and the last time written, epoch milliseconds.
  firsts      float8[]    NOT NULL,
  lasts       float8[]    NOT NULL
);
