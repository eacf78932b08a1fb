/** What was told before there were incidents goes on: each alert is one, and its notifications hang together as they did. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../apps/backend/src/database/migrate';

const FOLDER = join(__dirname, '../../migrations');
const SCHEMA = 'before_incidents';
/** Those that the tables of alerts and channels are made by. */
const BEFORE = /^00(01|03|05|07|11|13|14|15|16|17)_/;
const FIRST = '00000000-0000-4000-8000-000000000001';

let sql: Client;

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  sql = new Client(process.env['DATABASE_URL']);
  await sql.connect();
  await sql.query(
    `DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE; CREATE SCHEMA ${SCHEMA}; SET search_path = ${SCHEMA}, public`,
  );
  for (const file of (await readdir(FOLDER)).sort()) if (BEFORE.test(file)) await run(file);
});
afterAll(async () => {
  await sql.query(`SET search_path = public; DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
  await sql.end();
});

const run = async (file: string) => sql.query(await readFile(join(FOLDER, file), 'utf8'));

test('alerts, their notifications and what was silenced are those of incidents afterwards', async () => {
  await sql.query(`
    INSERT INTO series (name, labels) VALUES ('cpu', '{"host": "web-1"}'), ('plain', '{}');
    INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold, is_history)
    SELECT 1, t, t + INTERVAL '1 minute', t, 1, 9, 0.5, 3, t < '2026-01-02' FROM unnest('{2026-01-01,2026-01-02}'::timestamptz[]) AS t;
    INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
    VALUES (2, '2026-01-03', '2026-01-03', 1, 9, 0.5, 3);
    INSERT INTO channel (name, url) VALUES ('on call', 'https://b.example/');
    INSERT INTO notification (id, channel_id, alert_id, event, repetition)
    VALUES ('${FIRST}', 1, 2, 'alert.firing', 0), (gen_random_uuid(), 1, 2, 'alert.resolved', 0),
           (gen_random_uuid(), 1, 3, 'alert.firing', 0), (gen_random_uuid(), 1, 3, 'alert.firing', 1);
    INSERT INTO silence (kind, matchers, begins_at, until, created_at) VALUES ('silence', '[]', '2026-01-01', '2026-01-04', now());
    INSERT INTO silence_held (silence_id, alert_id, channel_id, held_at) VALUES (1, 3, 1, now());`);
  await run('0018_incident.sql');

  const incidents = await sql.query(
    `SELECT i.id, i.title, i.is_history, i.ends_at IS NULL AS is_open, a.incident_id, i.first_alert_id
     FROM incident i JOIN alert a ON a.id = i.id ORDER BY i.id`,
  );
  expect(incidents.rows).toEqual([
    { id: 1, title: 'cpu{host=web-1}', is_history: true, is_open: false, incident_id: 1, first_alert_id: 1 },
    { id: 2, title: 'cpu{host=web-1}', is_history: false, is_open: false, incident_id: 2, first_alert_id: 2 },
    { id: 3, title: 'plain', is_history: false, is_open: true, incident_id: 3, first_alert_id: 3 },
  ]);
  const told = await sql.query(
    `SELECT n.incident_id, n.event, n.episode, n.repetition, n.thread IS NULL AS is_first, n.thread = '${FIRST}' AS is_of_first
     FROM notification n ORDER BY n.incident_id, n.repetition, n.event`,
  );
  expect(told.rows.map(Object.values)).toEqual([
    [2, 'incident.firing', 0, 0, true, null],
    [2, 'incident.resolved', 0, 0, false, true],
    [3, 'incident.firing', 0, 0, true, null],
    [3, 'incident.firing', 0, 1, false, false],
  ]);
  const held = await sql.query('SELECT h.incident_id, h.episode FROM silence_held h');
  expect(held.rows).toEqual([{ incident_id: 3, episode: 0 }]);
  const next = await sql.query(
    `INSERT INTO incident (starts_at, severity, is_history, title, alert_count, series_count)
     VALUES (now(), 'info', false, 'next', 1, 1) RETURNING id`,
  );
  expect(next.rows).toEqual([{ id: 4 }]);
});
