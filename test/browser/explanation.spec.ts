/** The explanation of an alert on screen: asked for, who moved with it, what was like it, and where that leads. */
import type { Alert } from '@bellwether/contracts';
import type { Locator, Page } from 'playwright-core';
import { Client } from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { button, fact, isGone, reads, sees, settled, sticksOut, takePicture } from '../support/browser';
import { setScene } from '../support/scene';

const { bellwether, person, embedded } = setScene({ ROLES: 'api' }, { hasOwnDatabase: true });
let page: Page;

beforeAll(async () => {
  await happen();
  page = await person.open(`${bellwether.url}/alerts/`);
});

/**
 * Thirty hours of a host whose latency jumped twice for ten minutes, the second time after its queue; and other kinds of alerts on
 * series of nobody else.
 */
async function happen(): Promise<void> {
  const sql = new Client(embedded.url);
  await sql.connect();
  await sql.query(
    `WITH s AS (
       INSERT INTO series (name, labels, unit, period_ms)
       VALUES ('latency', '{"host": "web-1"}', 'ms', 60000), ('queue', '{"host": "web-1"}', NULL, 60000),
              ('disk', '{"host": "web-1"}', '%', 60000), ('elsewhere', '{"host": "web-2"}', NULL, 60000)
       RETURNING id, name
     ), t AS (
       SELECT i, date_trunc('minute', now()) - i * INTERVAL '1 minute' AS time FROM generate_series(0, 1799) i
     ), told AS (
       SELECT s.id, t.time, 40 + 5 * sin(t.i / 60.0) AS usual,
              CASE WHEN s.name = 'latency' AND (t.i BETWEEN 91 AND 100 OR t.i BETWEEN 1191 AND 1200) THEN true
                   WHEN s.name = 'queue' THEN t.i BETWEEN 95 AND 102 ELSE false END AS is_strange
       FROM s CROSS JOIN t
     ), p AS (
       INSERT INTO sample (series_id, time, value) SELECT o.id, o.time, o.usual + CASE WHEN o.is_strange THEN 60 ELSE 0 END FROM told o
     ), a AS (
       INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_expected, peak_lower, peak_upper, peak_score,
                          peak_vrnn_share, threshold)
       SELECT s.id, t.time, t.time + INTERVAL '15 minutes', t.time + INTERVAL '1 minute', 105, 45, 35, 55, 4.76, 0.7, 3
       FROM s CROSS JOIN t WHERE s.name = 'latency' AND t.i IN (100, 1200)
     ), w AS (
       INSERT INTO watermark (series_id, first_sample_at, last_sample_at)
       SELECT s.id, now() - INTERVAL '1799 minutes', date_trunc('minute', now()) FROM s
     )
     INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT o.id, o.time, CASE WHEN o.is_strange THEN 4.76 ELSE 0.3 END, 3, o.usual, o.usual - 10, o.usual + 10, 0.7 FROM told o`,
  );
  await sql.query(
    `WITH s AS (
       INSERT INTO series (name, unit, period_ms)
       VALUES ('stopped', NULL, 60000), ('stuck', 'bar', 60000), ('paced', NULL, 60000), ('full', '%', 60000)
       RETURNING id, name
     )
     INSERT INTO alert (series_id, kind, severity, starts_at, peak_at, peak_value, facts)
     SELECT s.id, k.kind, k.severity, now() - k.minutes * INTERVAL '1 minute', now(), 95, k.facts::jsonb
     FROM s
     JOIN (VALUES
       ('stopped', 'silent', 'critical', 10, '{"periodMs": 60000}'),
       ('stuck', 'frozen', 'info', 20, '{"count": 60, "usual": 2}'),
       ('paced', 'cadence', 'warning', 30, '{"periodMs": 60000, "paceMs": 120000}'),
       ('full', 'breach', 'critical', 40, '{"phase": "beyond", "side": "above", "limit": 90, "record": {"right": 7, "known": 9}}')
     ) AS k(name, kind, severity, minutes, facts) ON k.name = s.name`,
  );
  await sql.end();
  const [earlier] = (await alertsOf('latency')).slice(-1);
  const answer = await fetch(`${bellwether.url}/api/v1/alerts/${earlier!.id}/verdict`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'expected', comment: 'a backup' }),
  });
  expect(answer.status).toBe(200);
}

/** Newest first. */
const alertsOf = async (name: string) =>
  (await bellwether.get<Alert[]>('/api/v1/alerts')).filter((alert) => alert.series.name === name);
const item = (place: Page, name: string) =>
  place.getByRole('article', { name: `Alert on ${name}, ` }).first();
const why = (place: Page, name: string) => button(item(place, name), `Why? More of the alert on ${name}`);
const card = (place: Page, name: string): Locator =>
  item(place, name).getByRole('region', { name: `Why the alert on ${name}` });
const part = (name: string) => card(page, 'latency').getByRole('region', { name });

describe('an explanation', () => {
  test('is asked for with the keyboard', async () => {
    await settled(page);
    expect(await why(page, 'latency').getAttribute('aria-expanded')).toBe('false');
    expect(await card(page, 'latency').count()).toBe(0);
    await why(page, 'latency').focus();
    await page.keyboard.press('Enter');
    await sees(card(page, 'latency'));
    expect(await why(page, 'latency').getAttribute('aria-expanded')).toBe('true');
  });

  test('says what was seen and expected, how rare that is, who saw it and by which rule', async () => {
    const shown = card(page, 'latency');
    await reads(fact(shown, 'Peak'), '105 ms');
    await reads(fact(shown, 'Expected'), '35 ms to 55 ms');
    await reads(fact(shown, 'How rare'), 'about once in 40 days for this series');
    await reads(fact(shown, 'Before'), 'one of 2 as strange in 28 hours');
    await reads(fact(shown, 'Which model saw it'), 'VRNN 70 %');
    await reads(fact(shown, 'Rule'), 'version 1');
    await reads(item(page, 'latency'), 'About once in 40 days for this series;');
  });

  test('draws the series around it, and its anomalies', async () => {
    const chart = card(page, 'latency').getByRole('img', { name: /^latency over / });
    await sees(chart.locator('path[stroke="var(--observed)"]'));
    expect(await chart.locator('path[stroke="var(--alert)"]').count()).toBeGreaterThan(0);
  });

  test('names the related series that moved with it, when, and why it is related', async () => {
    await reads(
      part('Related series').getByRole('listitem'),
      /^queue.*2 min before.*expected.*1\.6 × its threshold · same host=web-1$/s,
    );
    expect(await part('Related series').getByRole('listitem').count()).toBe(1);
    await reads(part('Related series'), '1 more related series was calmer.');
  });

  test('names earlier alerts like it, with what was said of them', async () => {
    const earlier = part('Earlier alerts like this one').getByRole('listitem');
    await reads(earlier, /Expected.*same direction, 15 min long, about as far off$/s);
    expect(await earlier.count()).toBe(1);
  });

  test('leads to the chart of a related series at that moment', async () => {
    const [alert] = await alertsOf('latency');
    await part('Related series').getByRole('link', { name: 'queue' }).click();
    await page.waitForURL(/from=/);
    const { searchParams } = new URL(page.url());
    expect(Date.parse(searchParams.get('from')!)).toBeLessThan(Date.parse(alert!.startsAt));
    expect(Date.parse(searchParams.get('to')!)).toBeGreaterThan(Date.parse(alert!.startsAt));
    await sees(page.getByRole('group', { name: 'Chart of queue.' }));
    await page.goBack();
    await sees(item(page, 'latency'));
  });

  test('is put away again', async () => {
    await why(page, 'latency').click();
    await sees(card(page, 'latency'));
    await why(page, 'latency').click();
    await isGone(card(page, 'latency'));
  });
});

describe('an alert of another kind', () => {
  test.each([
    ['stopped', 'Silent', 'Critical'],
    ['stuck', 'Frozen', 'Info'],
    ['full', 'Breach', 'Critical'],
  ])('on %s says its kind, %s, and how severe it is, %s', async (name, kind, severity) => {
    await sees(
      item(page, name).getByText(kind, { exact: true }),
      item(page, name).getByText(severity, { exact: true }),
    );
  });

  test('of the usual severity says its kind alone', async () => {
    await sees(item(page, 'paced').getByText('Cadence', { exact: true }));
    expect(await item(page, 'paced').getByText('Warning', { exact: true }).count()).toBe(0);
  });

  test('says how often such statements were right, where that is known', async () => {
    await sees(item(page, 'full').getByText('right 7 of 9 times', { exact: true }));
    await reads(item(page, 'full'), 'Above its limit of 90 %');
  });

  test('is explained without a score', async () => {
    await why(page, 'stuck').click();
    await reads(fact(card(page, 'stuck'), 'Value'), '95 bar');
    await reads(card(page, 'stuck'), 'No series is known to be related');
    await reads(card(page, 'stuck'), 'None yet.');
    expect(await fact(card(page, 'stuck'), 'How rare').count()).toBe(0);
  });
});

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 375],
  ['dark', 375],
] as const)('it can be read: %s, %i px wide', async (theme, width) => {
  const other = await person.open(`${bellwether.url}/alerts/`, { theme, width });
  await settled(other);
  await why(other, 'latency').click();
  await sees(card(other, 'latency').getByText('Earlier alerts like this one'));
  await settled(other);
  await takePicture(other, `explanation-${theme}-${width}`);
  expect(await sticksOut(other)).toEqual([]);
  await other.context().close();
});

test('it fits a narrow column of the overview', async () => {
  const other = await person.open(bellwether.url);
  await settled(other);
  await why(other, 'latency').click();
  await sees(card(other, 'latency').getByText('Earlier alerts like this one'));
  await settled(other);
  await takePicture(other, 'explanation-overview-light-1280');
  const wide = await card(other, 'latency').evaluate((element) => element.scrollWidth - element.clientWidth);
  expect([wide, await sticksOut(other)]).toEqual([0, []]);
  await other.context().close();
});
