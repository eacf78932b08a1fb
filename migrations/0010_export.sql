-- Scores of a series from this time on wait to be sent out by remote write; a row goes when all of them are.
CREATE TABLE unsent (
  series_id  integer     PRIMARY KEY REFERENCES series ON DELETE CASCADE,
  since      timestamptz NOT NULL
);
CREATE INDEX unsent_oldest ON unsent (since);
