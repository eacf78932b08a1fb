/** The first minutes with an empty Bellwether: ways to bring samples in, each taken to its end. */
import { execFileSync } from 'node:child_process';
import type { Series } from '@bellwether/contracts';
import { afterEach, expect, test } from 'vitest';
import { button, isGone, isLive, loadedAt, reads, region, sees } from '../support/browser';
import { pagesOf, photograph } from '../support/pictures';
import { setScene } from '../support/scene';

const { bellwether, person } = setScene();

/** Each test begins with nothing watched. */
afterEach(async () => {
  for (const { id } of await bellwether.get<Series[]>('/api/v1/series'))
    await fetch(`${bellwether.url}/api/v1/series/${id}`, { method: 'DELETE' });
});

/** The arguments that a shell would hand to curl. */
function curlArguments(snippet: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${snippet}`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

/** The request that curl would make of them. */
function requestOf([url, ...options]: string[]): {
  url: string;
  headers: Record<string, string>;
  body: string;
} {
  const valuesOf = (option: string) => options.filter((_, i) => options[i - 1] === option);
  const headers = Object.fromEntries(
    valuesOf('-H').map((header) => header.split(/: */, 2) as [string, string]),
  );
  return { url: url!, headers, body: valuesOf('-d').join('&') };
}

test('an empty overview says what to do next, in four ways', async () => {
  const page = await person.open(bellwether.url);
  await sees(
    button(region(page, 'See it work first'), 'Start the demo'),
    button(region(page, 'Upload a CSV'), 'Choose a CSV file'),
    region(page, 'Let Bellwether fetch').getByRole('link', { name: 'Go to sources' }),
    button(region(page, 'Send samples'), 'Copy'),
  );
});

test('no page overflows while there is nothing on it, in any theme, at a desk or on a phone', () =>
  photograph(person, 'empty', [
    ...pagesOf(bellwether.url),
    { name: 'models', address: `${bellwether.url}/models/` },
  ]));

test('the curl command carries this address, and once it is run its series appears without a reload', async () => {
  const [overview, list] = [
    await person.open(bellwether.url),
    await person.open(`${bellwether.url}/series/`),
  ];
  await Promise.all([isLive(overview), isLive(list)]);
  const loaded = await Promise.all([loadedAt(overview), loadedAt(list)]);

  const snippet = await region(overview, 'Send samples').locator('pre').innerText();
  const { url, headers, body } = requestOf(curlArguments(snippet));
  expect(url).toBe(`${bellwether.url}/api/v1/samples`);
  const answer = await fetch(url, { method: 'POST', headers, body });
  expect(await answer.json()).toEqual({ written: 1, refused: [] });

  const [{ series }] = JSON.parse(body) as [{ series: string }];
  await reads(overview.getByRole('main'), 'All calm: no incident is open on 1 series.');
  await sees(list.getByRole('link', { name: series, exact: true }));
  expect(await Promise.all([loadedAt(overview), loadedAt(list)])).toEqual(loaded);
});

test('a CSV with semicolons becomes one series per column, and search finds each', async () => {
  const rows = Array.from({ length: 48 }, (_, i) => {
    const time = new Date(Date.UTC(2026, 0, 1) + i * 900_000).toISOString();
    return `${time};${(20 + Math.sin(i / 4)).toFixed(2)};${1013 - (i % 7)}`;
  });
  const csv = ['time;temperature;pressure', ...rows].join('\n');
  const page = await person.open(bellwether.url);
  const chooser = page.waitForEvent('filechooser');
  await button(region(page, 'Upload a CSV'), 'Choose a CSV file').click();
  await (await chooser).setFiles({ name: 'boiler.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });

  const outcome = page.getByRole('complementary', { name: 'Upload' });
  await reads(outcome.getByRole('status'), '96 samples written from boiler.csv');
  await outcome.getByRole('link', { name: 'See the series' }).click();
  const [temperature, pressure] = ['temperature', 'pressure'].map((name) =>
    page.getByRole('row').getByRole('link', { name: new RegExp(name) }),
  ) as [ReturnType<typeof page.getByRole>, ReturnType<typeof page.getByRole>];
  await sees(temperature, pressure);

  await page.getByRole('searchbox', { name: 'Search series' }).fill('press');
  await isGone(temperature);
  await sees(pressure);
  await page.waitForURL(/search=press/);
  await page.getByRole('searchbox', { name: 'Search series' }).fill('nothing like it');
  await sees(page.getByText('No series matches'), button(page, 'Show all series'));
});

test('the demo brings six series, and takes them away again', async () => {
  const page = await person.open(bellwether.url);
  await button(page, 'Start the demo').click();
  const strip = page.getByRole('complementary', { name: 'Demo' });
  await sees(button(strip, 'Stop the demo'));
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Series' }).click();
  await reads(page.getByRole('main'), '6 series');
  expect(await page.getByRole('table').getByRole('rowheader').count()).toBe(6);

  await reads(strip, 'replaying live');
  await button(strip, 'Stop and remove its series').click();
  await isGone(strip);
  await sees(button(page, 'Start the demo'));
  expect(await bellwether.get<Series[]>('/api/v1/series')).toEqual([]);
});
