-- A score says how surprising a sample was (−log10 of its tail probability), what was expected instead, and to which models.
CREATE TABLE score (
  series_id      integer     NOT NULL,
  time           timestamptz NOT NULL,
  score          real        NOT NULL,
  threshold      real        NOT NULL,
  expected       double precision,
  lower          double precision,
  upper          double precision,
  vrnn_share     real        NOT NULL,
  vrnn_model_id  integer,
  vae_model_id   integer,
  PRIMARY KEY (series_id, time)
);
SELECT create_hypertable('score', by_range('time', INTERVAL '7 days'), create_default_indexes => false);

ALTER TABLE score SET (timescaledb.compress, timescaledb.compress_segmentby = 'series_id', timescaledb.compress_orderby = 'time');
SELECT add_compression_policy('score', compress_after => INTERVAL '14 days');

CREATE MATERIALIZED VIEW score_1m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT s.series_id, time_bucket(INTERVAL '1 minute', s.time) AS bucket,
       max(s.score) AS score, sum(s.expected) AS expected, sum(s.lower) AS lower, sum(s.upper) AS upper, count(s.expected) AS count
FROM score s
GROUP BY s.series_id, bucket
WITH NO DATA;

CREATE MATERIALIZED VIEW score_1h WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT m.series_id, time_bucket(INTERVAL '1 hour', m.bucket) AS bucket,
       max(m.score) AS score, sum(m.expected) AS expected, sum(m.lower) AS lower, sum(m.upper) AS upper, sum(m.count) AS count
FROM score_1m m
GROUP BY m.series_id, 2
WITH NO DATA;

CREATE MATERIALIZED VIEW score_1d WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT h.series_id, time_bucket(INTERVAL '1 day', h.bucket) AS bucket,
       max(h.score) AS score, sum(h.expected) AS expected, sum(h.lower) AS lower, sum(h.upper) AS upper, sum(h.count) AS count
FROM score_1h h
GROUP BY h.series_id, 2
WITH NO DATA;

SELECT add_continuous_aggregate_policy('score_1m', NULL, INTERVAL '2 minutes', INTERVAL '1 minute', buckets_per_batch => 0);
SELECT add_continuous_aggregate_policy('score_1h', NULL, INTERVAL '2 hours', INTERVAL '10 minutes', buckets_per_batch => 0);
SELECT add_continuous_aggregate_policy('score_1d', NULL, INTERVAL '2 days', INTERVAL '1 hour', buckets_per_batch => 0);

-- A forecast is the predictive distribution of a series over the horizon, kept as quantiles; one row each time it is issued.
CREATE TABLE forecast (
  series_id  integer     NOT NULL,
  issued_at  timestamptz NOT NULL,
  model_id   integer     NOT NULL,
  -- Time of the first forecast step; the others follow every period_ms.
  starts_at  timestamptz NOT NULL,
  period_ms  bigint      NOT NULL,
  q05        double precision[] NOT NULL,
  q25        double precision[] NOT NULL,
  q50        double precision[] NOT NULL,
  q75        double precision[] NOT NULL,
  q95        double precision[] NOT NULL,
  PRIMARY KEY (series_id, issued_at)
);
SELECT create_hypertable('forecast', by_range('issued_at', INTERVAL '1 day'), create_default_indexes => false);
SELECT add_retention_policy('forecast', drop_after => INTERVAL '30 days');
