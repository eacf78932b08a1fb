-- A sample is one observation (time, value) of a series; sent twice it is kept once, and the last value wins.
CREATE TABLE sample (
  series_id  integer          NOT NULL,
  time       timestamptz      NOT NULL,
  value      double precision NOT NULL,
  PRIMARY KEY (series_id, time)
);
SELECT create_hypertable('sample', by_range('time', INTERVAL '7 days'), create_default_indexes => false);

ALTER TABLE sample SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id', timescaledb.compress_orderby = 'time');
SELECT add_compression_policy('sample', compress_after => INTERVAL '14 days');

-- Charts read buckets: minutes from samples, hours from minutes, days from hours.
CREATE MATERIALIZED VIEW sample_1m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT s.series_id, time_bucket(INTERVAL '1 minute', s.time) AS bucket,
       sum(s.value) AS sum, count(*) AS count, min(s.value) AS min, max(s.value) AS max
FROM sample s
GROUP BY s.series_id, bucket
WITH NO DATA;

CREATE MATERIALIZED VIEW sample_1h WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT m.series_id, time_bucket(INTERVAL '1 hour', m.bucket) AS bucket,
       sum(m.sum) AS sum, sum(m.count) AS count, min(m.min) AS min, max(m.max) AS max
FROM sample_1m m
GROUP BY m.series_id, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW sample_1d WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT h.series_id, time_bucket(INTERVAL '1 day', h.bucket) AS bucket,
       sum(h.sum) AS sum, sum(h.count) AS count, min(h.min) AS min, max(h.max) AS max
FROM sample_1h h
GROUP BY h.series_id, 2
WITH NO DATA;

SELECT add_continuous_aggregate_policy('sample_1m', NULL, INTERVAL '2 minutes', INTERVAL '1 minute', buckets_per_batch => 0);
SELECT add_continuous_aggregate_policy('sample_1h', NULL, INTERVAL '2 hours', INTERVAL '10 minutes', buckets_per_batch => 0);
SELECT add_continuous_aggregate_policy('sample_1d', NULL, INTERVAL '2 days', INTERVAL '1 hour', buckets_per_batch => 0);

-- An arrival counts the samples written in one minute of the wall clock.
CREATE TABLE arrival (
  minute   timestamptz PRIMARY KEY,
  samples  bigint      NOT NULL
);
