/** Incidents on screen: listed, read with their picture and their story, acknowledged, and what the overview says of them. */
import type { Incident } from '@bellwether/contracts';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../apps/backend/src/database/database';
import { publish } from '../../apps/backend/src/database/live';
import { until } from '../support/bellwether';
import { isGone, isLive, reads, region, sees, settled, takePicture, button } from '../support/browser';
import { endAlert, follow } from '../support/outbox';
import { photograph } from '../support/pictures';
import { setScene } from '../support/scene';

const MINUTE = 60_000;
const NOW = Math.floor(Date.now() / MINUTE) * MINUTE;

let database: Database;
const { bellwether, person, embedded } = setScene(
  { ROLES: 'api' },
  { hasOwnDatabase: true, afterwards: () => database?.close() },
);
let page: Page;

beforeAll(async () => {
  database = new Database(embedded.url, { poolSize: 1, name: 'incidents.spec' });
  page = await person.open(`${bellwether.url}/incidents/`);
});

/** Two hours of a series with scores, so that its charts have something to show. */
async function watch(name: string, labels: Record<string, string>, unit: string): Promise<number> {
  const { rows } = await database.query<{ id: number }>(
    `WITH s AS (INSERT INTO series (name, labels, unit, period_ms) VALUES ($1, $2, $3, 60000) RETURNING id),
          t AS (SELECT $4::timestamptz - i * INTERVAL '1 minute' AS time, i FROM generate_series(0, 120) i),
          w AS (INSERT INTO watermark (series_id, first_sample_at, last_sample_at)
                SELECT s.id, min(t.time), max(t.time) FROM s CROSS JOIN t GROUP BY s.id),
          p AS (INSERT INTO sample (series_id, time, value) SELECT s.id, t.time, 10 + t.i % 7 FROM s CROSS JOIN t),
          c AS (INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
                SELECT s.id, t.time, 0.2, 3, 12, 8, 17, 0.6 FROM s CROSS JOIN t)
     SELECT s.id FROM s`,
    [name, labels, unit, new Date(NOW)],
  );
  return rows[0]!.id;
}

interface Fault {
  seriesId: number;
  /** Minutes before now. */
  from: number;
  to?: number;
  severity?: string;
}

async function alert({ seriesId, from, to, severity = 'warning' }: Fault): Promise<number> {
  const at = (minutes: number) => new Date(NOW - minutes * MINUTE);
  const { rows } = await database.query<{ id: number }>(
    `INSERT INTO alert (series_id, starts_at, ends_at, peak_at, peak_value, peak_score, peak_expected, peak_lower, peak_upper,
                        peak_vrnn_share, threshold, severity)
     VALUES ($1, $2, $3, $2, 94, 6, 12, 8, 17, 0.6, 3, $4) RETURNING id`,
    [seriesId, at(from), to === undefined ? null : at(to), severity],
  );
  const id = rows[0]!.id;
  await follow(database, { fired: [id], touched: [id] }, at(from));
  await tellScreens(seriesId);
  return id;
}

const tellScreens = (...seriesIds: number[]) => publish(database, { type: 'alerts', seriesIds });
const main = () => page.getByRole('main');
const item = (title: string) =>
  page.getByRole('article', { name: new RegExp(`^Incident \\d+: ${title}`) }).first();
const listed = () => bellwether.get<Incident[]>('/api/v1/incidents');
const badge = (words: string) => page.getByRole('link', { name: words, exact: true });

test('without one, the page says that nothing is wrong, and what to do next', async () => {
  await settled(page);
  await sees(
    main().getByText('Nothing is wrong now'),
    main().getByRole('link', { name: 'Add a notification channel' }),
    main().getByRole('link', { name: 'All alerts' }),
  );
  await main().getByRole('link', { name: 'All', exact: true }).click();
  await sees(main().getByText('No incidents yet'));
  await main().getByRole('link', { name: 'Open', exact: true }).click();
});

describe('what fires together', () => {
  let disk: number;
  let queue: number;

  beforeAll(async () => {
    await isLive(page);
    disk = await watch('disk_latency', { host: 'db-1' }, 'ms');
    queue = await watch('queue_depth', { host: 'db-1', queue: 'orders' }, 'messages');
    const cpu = await watch('cpu_usage', { host: 'web-7' }, '%');
    await alert({ seriesId: cpu, from: 70, to: 52 });
    await alert({ seriesId: disk, from: 30 });
  });

  test('appears by itself, with what its likely first mover did, and in the navigation', async () => {
    await reads(item('disk_latency'), '1 alert on 1 series');
    await sees(badge('Incidents 1 open'));
    await alert({ seriesId: queue, from: 26, to: 20, severity: 'critical' });
    await reads(item('disk_latency.* and 1 more series'), '2 alerts on 2 series');
    await reads(item('disk_latency'), 'Critical');
    await reads(item('disk_latency'), (await listed())[0]!.alerts[0]!.why);
    await sees(badge('Incidents 1 open'));
    await reads(main(), '1 incident, open');
  });

  test('is told from what is over', async () => {
    await main().getByRole('link', { name: 'Resolved', exact: true }).click();
    await reads(item('cpu_usage'), 'lasted 18 min');
    expect(await item('cpu_usage').getByRole('button').count()).toBe(0);
    expect(await item('disk_latency').count()).toBe(0);
    await main().getByRole('link', { name: 'All', exact: true }).click();
    await sees(item('cpu_usage'), item('disk_latency'));
  });

  test('is what the overview calls wrong now, and acknowledged there', async () => {
    await page.getByRole('link', { name: 'Overview' }).click();
    await reads(main(), '1 incident is open; 3 series in all.');
    const open = region(page, 'Open incidents');
    await reads(open, 'Open');
    await open.getByRole('button', { name: /^Acknowledge: disk_latency/ }).click();
    await reads(open, 'Acknowledged');
    await sees(open.getByRole('button', { name: /^Take back: disk_latency/ }));
    expect((await listed())[0]).toMatchObject({ state: 'acknowledged' });
  });

  test('has a page: why it is one, what fired when, each alert, and what was known when', async () => {
    await region(page, 'Open incidents')
      .getByRole('link', { name: /^disk_latency/ })
      .click();
    await sees(page.getByRole('heading', { level: 1, name: /^disk_latency.* and 1 more series$/ }));
    await reads(region(page, 'Why they belong together'), 'host=db-1');
    const lanes = region(page, 'What fired when');
    await reads(lanes.getByRole('listitem').nth(0), /disk_latency.*first mover/s);
    await reads(lanes.getByRole('listitem').nth(1), 'queue_depth');
    await lanes.getByText('As a table').click();
    await reads(lanes.getByRole('row').nth(1), /disk_latency.*Anomaly.*Warning.*firing/);
    await reads(lanes.getByRole('row').nth(2), /queue_depth.*Anomaly.*Critical.*6 min/);
    expect(await region(page, 'Alerts').getByRole('article').count()).toBe(2);
    const trail = region(page, 'As known then').getByRole('listitem');
    await reads(trail.nth(0), /Opened: disk_latency/);
    await reads(trail.nth(1), /Joined by queue_depth/);
    await reads(trail.last(), 'Acknowledged.');
    await takePicture(page, 'incident-light-1280');
  });

  test('is taken back with the keyboard alone, which its story tells', async () => {
    await page.getByRole('button', { name: /^Take back/ }).focus();
    await page.keyboard.press('Enter');
    await sees(page.getByRole('button', { name: /^Acknowledge/ }));
    await reads(region(page, 'As known then').getByRole('listitem').last(), 'No longer acknowledged.');
  });

  test('leads to the chart at that moment, and Back to it again', async () => {
    const address = page.url();
    await page.getByRole('link', { name: 'Chart at that moment' }).click();
    await page.waitForURL(/series\/\?id=\d+&from=/);
    const { searchParams } = new URL(page.url());
    expect(Date.parse(searchParams.get('from')!)).toBeLessThan(NOW - 30 * MINUTE);
    expect(Date.parse(searchParams.get('to')!)).toBeGreaterThan(NOW - 30 * MINUTE);
    await page.goBack();
    await page.waitForURL(address);
    await sees(region(page, 'What fired when'));
  });

  test('was expected: that begins a silence of every week, filled in on the clock of this browser', async () => {
    await page.goto(`${bellwether.url}/alerts/?state=resolved`);
    await button(page.getByRole('article', { name: /cpu_usage/ }), 'Give a verdict on cpu_usage').click();
    await page.getByRole('radio', { name: /^Expected/ }).check();
    await page.getByRole('link', { name: /^Make a recurring silence of it, every \w+day at/ }).click();
    const form = page.getByRole('dialog', { name: 'Add a silence' });
    await reads(form.getByRole('status'), '1 series match');
    const began = new Date(Math.floor((NOW - 70 * MINUTE) / (15 * MINUTE)) * 15 * MINUTE);
    const day = began.toLocaleDateString('en-GB', { weekday: 'long' });
    expect(await form.getByRole('radio', { name: 'Weekly' }).isChecked()).toBe(true);
    expect(await form.getByRole('checkbox', { checked: true }).count()).toBe(1);
    expect(await form.getByRole('checkbox', { name: day }).isChecked()).toBe(true);
    expect(await form.getByLabel('Begins at').inputValue()).toBe(began.toTimeString().slice(0, 5));
    expect(await form.getByLabel('Lasts, in h').inputValue()).toMatch(/^0\.(5|75)$/);
    expect(await form.getByLabel('Time zone').inputValue()).toBe(
      Intl.DateTimeFormat().resolvedOptions().timeZone,
    );
    await button(form, 'Add').click();
    await isGone(form);
    await reads(main(), `every ${day} at`);
  });

  test('says until when it is silenced', async () => {
    const to = new Date(Date.now() + 3 * 60 * MINUTE).toISOString();
    const matchers = [{ label: 'host', op: '=', value: 'db-1' }];
    await bellwether.post('/api/v1/silences', {
      ...{ kind: 'silence', matchers, comment: 'disks', schedule: { kind: 'once', to } },
    });
    const [{ id }] = (await listed()) as [Incident];
    await page.goto(`${bellwether.url}/incidents/?id=${id}`);
    await reads(main(), 'Silenced until');
  });

  test('says of what it became a part', async () => {
    const [first] = await listed();
    const { rows } = await database.query<{ id: number }>(
      `INSERT INTO incident (starts_at, ends_at, severity, is_history, title, alert_count, series_count, merged_into)
       VALUES (now(), now(), 'warning', false, 'queue_depth', 0, 0, $1) RETURNING id`,
      [first!.id],
    );
    await page.goto(`${bellwether.url}/incidents/?id=${rows[0]!.id}`);
    await reads(main(), 'It became a part of');
    expect(await page.getByRole('button', { name: /^Acknowledge/ }).count()).toBe(0);
    await page.getByRole('link', { name: `incident ${first!.id}` }).click();
    await sees(page.getByRole('heading', { level: 1, name: /^disk_latency/ }));
  });

  test('no page of it overflows, in any theme, at a desk or on a phone', async () => {
    const [{ id }] = (await listed()) as [Incident];
    await photograph(person, 'incidents', [
      { name: 'list', address: `${bellwether.url}/incidents/?state=all` },
      {
        name: 'one',
        address: `${bellwether.url}/incidents/?id=${id}`,
        shows: (place) => place.getByRole('region', { name: 'What fired when' }),
      },
      {
        name: 'overview',
        address: bellwether.url,
        shows: (place) => place.getByRole('region', { name: 'Open incidents' }),
      },
    ]);
  });

  test('is over once all of it is, without a reload', async () => {
    await page.goto(`${bellwether.url}/incidents/`);
    await isLive(page);
    await sees(item('disk_latency'));
    const open = await bellwether.get<{ id: number }[]>('/api/v1/alerts?state=firing');
    for (const { id } of open) await endAlert(database, id, new Date());
    await tellScreens(disk, queue);
    await sees(main().getByText('Nothing is wrong now'));
    await isGone(badge('Incidents 1 open'));
    await main().getByRole('link', { name: 'Show past incidents' }).click();
    await sees(item('disk_latency'), item('cpu_usage'));
  });
});

test('one that is not there says so, and leads back', async () => {
  await page.goto(`${bellwether.url}/incidents/?id=999999`);
  await sees(main().getByText('There is no such incident'));
  await until(() => person.complaints().some((one) => one.includes('999999')));
  await page.getByRole('link', { name: 'See all incidents' }).click();
  await sees(item('disk_latency'));
});

test('alerts themselves are a click away, and stay within incidents', async () => {
  await main().getByRole('link', { name: 'All alerts' }).click();
  await sees(page.getByRole('heading', { level: 1, name: 'Alerts' }));
  await sees(
    page.getByRole('navigation', { name: 'Main' }).locator('[aria-current=page]', { hasText: 'Incidents' }),
  );
  await main()
    .getByRole('link', { name: /^Incident \d+$/ })
    .last()
    .click();
  await sees(page.getByRole('heading', { level: 1, name: /^cpu_usage/ }));
});

test('a long list has pages', async () => {
  await database.query(
    `INSERT INTO incident (starts_at, ends_at, severity, is_history, title, alert_count, series_count)
     SELECT now() - i * INTERVAL '1 day', now() - i * INTERVAL '23 hours', 'info', true, 'old ' || i, 1, 1
     FROM generate_series(10, 34) i`,
  );
  await page.goto(`${bellwether.url}/incidents/?state=all`);
  await sees(item('disk_latency'));
  await button(page, 'Next').click();
  await reads(item('old 34'), 'Found in history');
  expect(await item('disk_latency').count()).toBe(0);
  await button(page, 'Previous').click();
  await sees(item('disk_latency'));
});
