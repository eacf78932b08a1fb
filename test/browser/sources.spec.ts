/** Sources on screen: one is added, corrected, tried and followed until its samples are there, disabled and deleted; and counters. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Series, Source } from '@bellwether/contracts';
import type { Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/bellwether';
import { freePort } from '../support/brokers';
import {
  button,
  fact,
  isGone,
  reads,
  region,
  sees,
  settled,
  sticksOut,
  takePicture,
} from '../support/browser';
import { photograph } from '../support/pictures';
import { setScene } from '../support/scene';

let prometheus: Awaited<ReturnType<typeof startPrometheusLike>>;
const { bellwether, person } = setScene({ ROLES: 'api' }, { afterwards: () => prometheus?.close() });

beforeAll(async () => {
  prometheus = await startPrometheusLike();
});

/** Answers `query_range` with two series, and keeps what it was asked with. */
async function startPrometheusLike() {
  const asked: { query: string | null; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const form = new URLSearchParams(text);
      asked.push({ query: form.get('query'), authorization: request.headers.authorization });
      const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(form.get(name))) as [
        number,
        number,
        number,
      ];
      const times = Array.from({ length: Math.round((end - start) / step) + 1 }, (_, i) => start + i * step);
      const result = ['checkout', 'search'].map((job) => ({
        metric: { job },
        values: times.map((time) => [time, String(100 + (time % 7))]),
      }));
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, asked, close: () => void server.close() };
}

const sources = () => bellwether.get<Source[]>('/api/v1/sources');

describe('sources', () => {
  let page: Page;
  const dialog = (name: string): Locator => page.getByRole('dialog', { name });
  const source = (name: string): Locator =>
    page.getByRole('article', { name: `Source ${name}`, exact: true });

  beforeAll(async () => {
    page = await person.open(`${bellwether.url}/sources/`);
  });

  test('without one, the page says what to do, and how others send', async () => {
    await sees(region(page, 'Fetched by Bellwether').getByText('Nothing is fetched yet'));
    const sent = region(page, 'Sent to Bellwether');
    await reads(sent.getByRole('tabpanel'), `curl ${bellwether.url}/api/v1/samples`);
    await sent.getByRole('tab', { name: 'curl' }).press('ArrowRight');
    await reads(sent.getByRole('tabpanel'), `url: ${bellwether.url}/api/v1/write`);
    await sent.getByRole('tab', { name: 'OpenTelemetry' }).click();
    await reads(sent.getByRole('tabpanel'), `metrics_endpoint: ${bellwether.url}/v1/metrics`);
  });

  test('the form says exactly what is wrong, and is corrected until it says what it would bring', async () => {
    const nobody = `127.0.0.1:${await freePort()}`;
    await button(page, 'Add the first source').click();
    const form = dialog('Add a source');
    await form.getByLabel('Name', { exact: true }).fill('Shop');
    await form.getByLabel('Address').fill(`http://${nobody}`);
    await form.getByLabel('Query').fill('sum by (job) (rate(requests_total[5m]))');
    await form.getByLabel('Series name').fill('requests');
    await button(form, 'Add and test').click();
    await reads(form.getByRole('status'), `Nothing listens at ${nobody}: start it, or correct the address.`);

    await form.getByLabel('Address').fill(prometheus.url);
    await button(form, 'Save and test').click();
    await reads(form.getByRole('status'), /It works: \d+ samples of 2 series\..*Nothing was written/);
    await reads(form.getByRole('status').getByRole('listitem'), 'requests job=checkout');
    await button(form, 'Done').click();
    await isGone(form);
    expect(await sources()).toHaveLength(1);
  });

  test('it works: how far it has come is on screen, with units, and its samples are there', async () => {
    await reads(source('Shop'), 'Working');
    await reads(fact(source('Shop'), 'Written'), /^[\d,]{5,} samples$/);
    await reads(fact(source('Shop'), 'Behind the clock'), /^1 min|^2 min|^\d+ s$/);
    await reads(fact(source('Shop'), 'Last success'), /just now|\d+ s ago/);
    await reads(page.getByRole('main'), /[\d,]{5,} samples in this minute and the last, 2 series in all\./);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Series' }).click();
    await reads(page.getByRole('row'), /requests.*job=checkout/);
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Sources' }).click();
  });

  test('a test of it says what it would bring', async () => {
    await button(page, 'Test Shop').click();
    await reads(source('Shop').getByRole('status'), 'It works: ');
  });

  test('a secret is sent, and never shown again; without a new one it is kept', async () => {
    const form = dialog('Edit Shop');
    const open = async () => {
      await button(page, 'Edit Shop').click();
      await form.getByText('User, password, token and headers').click();
    };
    await open();
    await form.getByLabel('Bearer token').fill('hush-hush');
    await button(form, 'Save and test').click();
    await reads(form.getByRole('status'), 'It works: ');
    await button(form, 'Done').click();
    await until(() => prometheus.asked.at(-1)!.authorization === 'Bearer hush-hush');

    await page.reload();
    await open();
    await reads(form, 'Set. Empty: it is kept.');
    expect(await form.getByLabel('Bearer token', { exact: true }).inputValue()).toBe('');
    await form.getByLabel('Name', { exact: true }).fill('Web shop');
    await button(form, 'Save and test').click();
    await reads(page.getByRole('dialog').getByRole('status'), 'It works: ');
    expect(prometheus.asked.at(-1)!.authorization).toBe('Bearer hush-hush');
    await button(page.getByRole('dialog'), 'Done').click();
    await sees(source('Web shop'));
  });

  test('what the API refuses is said in the words of the form', async () => {
    await button(page, 'Edit Web shop').click();
    const form = dialog('Edit Web shop');
    await form.getByLabel('Address').fill(`${prometheus.url}?query=up`);
    await button(form, 'Save and test').click();
    await reads(form.getByRole('alert'), 'Address: leave out what follows the ? or #.');
    expect(person.complaints().every((complaint) => complaint.includes('status of 400'))).toBe(true);
    await button(form, 'Close').click();
  });

  test.each(['SQL', 'MQTT', 'Kafka'])('a form for %s fits on a phone too', async (kind) => {
    for (const look of [{ width: 375, theme: 'dark' }, { width: 1280 }] as const) {
      const other = await person.open(`${bellwether.url}/sources/`, look);
      await button(other, 'Add a source').click();
      await other.getByRole('dialog').getByText(kind, { exact: true }).click();
      await sees(other.getByRole('dialog').getByText('A message is').or(other.getByLabel('Time column')));
      await takePicture(other, `sources-form-${kind.toLowerCase()}-${look.width}`);
      expect(await sticksOut(other)).toEqual([]);
      const panel = other.getByRole('dialog');
      expect(await panel.evaluate((element) => element.scrollWidth - element.clientWidth)).toBe(0);
      await other.context().close();
    }
  });

  test('no page of them overflows, in any theme, at a desk or on a phone', async () => {
    const settings = {
      ...{ kind: 'sql', url: 'postgres://127.0.0.1:9/warehouse', timeColumn: 'recorded_at' },
      ...{
        from: { kind: 'query', query: 'SELECT recorded_at, machine, temperature FROM press_measurements' },
      },
      valueColumns: ['temperature'],
    };
    await bellwether.post('/api/v1/sources', { name: 'Warehouse', settings });
    await bellwether.post('/api/v1/sources', { name: 'At rest', isEnabled: false, settings });
    await until(async () => (await sources()).some(({ state }) => state === 'failing'));
    await photograph(person, 'working', [
      {
        name: 'sources',
        address: `${bellwether.url}/sources/`,
        shows: (one) => one.getByText('Nothing listens at'),
      },
    ]);
    await reads(source('Warehouse'), /failing, and tried again by itself: Nothing listens at 127\.0\.0\.1:9/);
  });

  test('a source is disabled, and enabled again', async () => {
    await button(page, 'Disable Web shop').click();
    await reads(source('Web shop'), 'Disabled');
    await reads(source('Web shop'), 'nothing is fetched until it is enabled');
    await button(page, 'Enable Web shop').click();
    await reads(source('Web shop'), /Starting|Working/);
  });

  test('a source is deleted once that is confirmed; what it brought stays', async () => {
    const question = page.getByRole('alertdialog', { name: 'Delete Web shop?' });
    await button(page, 'Delete Web shop').click();
    await button(question, 'Cancel').click();
    await sees(source('Web shop'));
    await button(page, 'Delete Web shop').click();
    await button(question, 'Delete source').click();
    await isGone(source('Web shop'));
    expect((await sources()).map(({ name }) => name)).toEqual(['Warehouse', 'At rest']);
    const kept = await bellwether.get<Series[]>('/api/v1/series?search=requests');
    expect(kept.map(({ labels }) => labels['job']).sort()).toEqual(['checkout', 'search']);
  });
});

describe('a counter', () => {
  let page: Page;
  const start = Date.now() - 3_600_000;

  beforeAll(async () => {
    const samples = Array.from({ length: 60 }, (_, i) => ({
      ...{ series: 'energy_total', labels: { meter: 'a=b' } },
      ...{ time: start + i * 10_000, value: i * 20 },
    }));
    await bellwether.post('/api/v1/samples', samples);
    const [series] = await bellwether.get<[Series]>('/api/v1/series?search=energy_total');
    page = await person.open(`${bellwether.url}/series/?id=${series.id}`);
  });

  test('is declared on its page, which leads to its rate, and from there back', async () => {
    await button(page, 'This is a counter').click();
    const question = page.getByRole('alertdialog', { name: 'Is this a counter?' });
    await reads(question, 'A series of its rate by the second is made of all its samples');
    await button(question, 'It is a counter').click();
    await reads(page.getByRole('main'), 'a counter: what is watched is rate(energy_total)');
    await page.getByRole('link', { name: 'Go to rate(energy_total)' }).click();
    await sees(page.getByRole('heading', { level: 1, name: 'rate(energy_total)' }));
    await reads(fact(page, 'Newest sample'), '2 /s');
    expect(await button(page, 'This is a counter').count()).toBe(0);
    await settled(page);
    await takePicture(page, 'counter-rate');
    await page.getByRole('main').getByRole('link', { name: 'energy_total', exact: true }).click();
    await sees(button(page, 'This is no counter'));
    await settled(page);
    await takePicture(page, 'counter');
  });

  test('is taken back, and its rate is gone', async () => {
    await button(page, 'This is no counter').click();
    const question = page.getByRole('alertdialog', { name: 'Is this no counter?' });
    await reads(question, 'The series of its rate is removed');
    await button(question, 'It is no counter').click();
    await sees(button(page, 'This is a counter'));
    await isGone(page.getByRole('link', { name: 'Go to rate(energy_total)' }));
    expect(await bellwether.get<Series[]>('/api/v1/series?search=rate(energy_total)')).toEqual([]);
  });
});
