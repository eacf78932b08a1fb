-- The series that carry a label, no more than so many. Without the setting the planner takes any label for one that many carry, and
-- reads all series for each.
CREATE FUNCTION carriers(label jsonb, most integer) RETURNS integer[] LANGUAGE sql STABLE SET enable_seqscan = off AS $$
  SELECT array_agg(c.id ORDER BY c.id) FROM (SELECT s.id FROM series s WHERE s.labels @> label LIMIT most) c
$$;
