-- What a continuous aggregate reads of a chunk is a stretch of time of all series, for which the primary key is no help. Samples come about in
-- the order of time, so a few bytes for every 32 pages tell where a stretch is not; writing costs next to nothing more.
CREATE INDEX sample_time ON sample USING brin (time) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX score_time ON score USING brin (time) WITH (pages_per_range = 32, autosummarize = on);
