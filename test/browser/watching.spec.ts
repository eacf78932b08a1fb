/** What a person sees of a series that is watched: its chart, a spike that becomes an alert and ends, and its models. */
import type { Alert, Model, Series, SeriesView, TrainingRun } from '@bellwether/contracts';
import type { Locator, Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { VerdictLinkService } from '../../apps/backend/src/alerts/verdict-link.service';
import { readConfig } from '../../apps/backend/src/config';
import { VaultService } from '../../apps/backend/src/database/vault.service';
import { until, wave } from '../support/bellwether';
import {
  button,
  fact,
  isLive,
  loadedAt,
  reads,
  region,
  sees,
  sticksOut,
  takePicture,
} from '../support/browser';
import { pagesOf, photograph } from '../support/pictures';
import { setScene } from '../support/scene';

const NAME = 'checkout_latency';
const SECRET_KEY = 'a secret of thirty-two characters and more';
const PERIOD = 10_000;
const HISTORY = 400;

const { bellwether, person } = setScene({ SECRET_KEY });
let id: number;
/** Time of step 0: the newest sample of the history is about now. */
const start = Math.floor(Date.now() / PERIOD) * PERIOD - HISTORY * PERIOD;
let next = 0;

/** Sends the next steps of the wave, `change`d. */
async function send(count: number, change: (value: number) => number = (value) => value): Promise<void> {
  const samples = Array.from({ length: count }, (_, i) => ({
    series: NAME,
    labels: { shop: 'one' },
    time: start + (next + i) * PERIOD,
    value: change(wave(next + i)),
  }));
  await bellwether.post('/api/v1/samples', samples);
  next += count;
}

/** The view, once the newest sample has its score and there is a forecast from it on. */
const scored = (): Promise<SeriesView> =>
  until(async () => {
    const view = await bellwether.get<SeriesView>(`/api/v1/series/${id}/view`);
    const isScored = view.time.at(-1) === start + (next - 1) * PERIOD && view.scores.at(-1) !== null;
    return isScored && view.forecast?.time[0] === start + next * PERIOD && view;
  });

beforeAll(async () => {
  await send(HISTORY);
  await until(async () =>
    (await bellwether.get<Model[]>('/api/v1/models')).some(({ isChampion }) => isChampion),
  );
  const [series] = await bellwether.get<Series[]>('/api/v1/series');
  id = series!.id;
  await scored();
});

describe('the page of a series', () => {
  let page: Page;
  const chart = (): Locator => page.getByRole('group', { name: `Chart of ${NAME}.` });
  const legend = (): Promise<string[]> =>
    page.getByRole('list', { name: 'Legend' }).getByRole('listitem').allInnerTexts();
  /** Left and right edge, in px, of what is drawn in a colour. */
  async function edges(mark: Locator): Promise<[number, number]> {
    const { x, width } = (await mark.first().boundingBox())!;
    return [x, x + width];
  }

  beforeAll(async () => {
    page = await person.open(`${bellwether.url}/series/?id=${id}`);
    await sees(chart());
    await isLive(page);
  });

  test('draws what was observed up to now, what was expected with it, and from now on the forecast', async () => {
    expect(await legend()).toEqual(['Observed', 'Expected', '90 % expected', 'Forecast (50 % and 90 %)']);
    const drawn = (name: string) => chart().locator(`path[stroke="var(--${name})"]`);
    const filled = (name: string) => chart().locator(`path[fill="var(--${name})"]`);
    const [observed, expected, band, median, fan, now] = await Promise.all(
      [
        drawn('observed'),
        drawn('expected'),
        filled('band'),
        drawn('forecast'),
        filled('forecast'),
        chart().getByText('now', { exact: true }),
      ].map(edges),
    );
    const line = (now![0] + now![1]) / 2;
    for (const [left, right] of [observed!, expected!, band!]) {
      expect(right - left).toBeGreaterThan(400);
      expect(Math.abs(right - line)).toBeLessThan(5);
    }
    for (const [left, right] of [median!, fan!]) {
      expect(left).toBeGreaterThanOrEqual(line - 1);
      expect(right - left).toBeGreaterThan(40);
    }
    expect(await filled('forecast').count()).toBe(2);
  });

  test('has its numbers as a table, newest first', async () => {
    const { samples, band } = await scored();
    await page.getByText('Numbers as a table').click();
    const newest = page
      .getByRole('region', { name: `Newest numbers of ${NAME}` })
      .getByRole('row')
      .nth(1);
    await reads(newest, samples.value.at(-1)!.toPrecision(4));
    await reads(newest, `${band.lower.at(-1)!.toPrecision(4)} to ${band.upper.at(-1)!.toPrecision(4)}`);
  });

  test('shows a new sample and its forecast without a reload', async () => {
    const loaded = await loadedAt(page);
    const picture = chart().getByRole('img').first();
    const before = await picture.getAttribute('aria-label');
    await send(1);
    const newest = wave(next - 1).toPrecision(4);
    expect(before).not.toContain(`newest ${newest}`);
    await reads(fact(page, 'Newest sample'), newest);
    await until(async () => (await picture.getAttribute('aria-label'))?.includes(`newest ${newest}`));
    expect(await loadedAt(page)).toBe(loaded);
  });
});

describe('a spike', () => {
  let overview: Page;
  let series: Page;
  let alert: Alert;
  const firing = (place: Page | Locator) => place.getByRole('article', { name: `Alert on ${NAME}, firing` });
  const incident = (place: Page | Locator) =>
    place.getByRole('article', { name: new RegExp(`^Incident \\d+: ${NAME}.*, open$`) });
  const resolved = (place: Page | Locator) =>
    place.getByRole('article', { name: `Alert on ${NAME}, resolved` });

  beforeAll(async () => {
    overview = await person.open(bellwether.url);
    series = await person.open(`${bellwether.url}/series/?id=${id}`);
    await Promise.all([isLive(overview), isLive(series)]);
    await sees(region(overview, 'Open incidents').getByText('Nothing is wrong now.'));
  });

  test('becomes an incident on the overview, by itself, with its why', async () => {
    await send(4, (value) => value + 400);
    await sees(incident(region(overview, 'Open incidents')));
    [alert] = (await bellwether.get<[Alert]>('/api/v1/alerts?state=firing'))!;
    expect(alert.why).toContain('expected');
    await reads(incident(region(overview, 'Open incidents')), alert.why);
    await reads(overview.getByRole('main'), '1 incident is open; 1 series in all.');
    await sees(overview.getByRole('link', { name: 'Incidents 1 open' }));
  });

  test('is marked on the page of the series, which says the same', async () => {
    await reads(series.getByRole('list', { name: 'Legend' }), 'Alert and its peak');
    await sees(series.getByRole('group', { name: `Chart of ${NAME}.` }).locator('circle[r="6"]'));
    await reads(firing(region(series, 'Alerts')), alert.why);
  });

  test('is on the page of alerts, from where a link leads to that stretch of the series', async () => {
    await overview.getByRole('link', { name: 'Incidents 1 open' }).click();
    await overview.getByRole('link', { name: 'All alerts' }).click();
    await reads(firing(overview), alert.why);
    await firing(overview).getByRole('link', { name: NAME }).click();
    await overview.waitForURL(/from=/);
    const { searchParams } = new URL(overview.url());
    expect(Date.parse(searchParams.get('from')!)).toBeLessThan(Date.parse(alert.startsAt));
    expect(Date.parse(searchParams.get('to')!)).toBeGreaterThan(Date.parse(alert.peak.time));
    await reads(overview.getByRole('list', { name: 'Legend' }), 'Alert and its peak');
  });

  test('no page overflows while it fires, in any theme, at a desk or on a phone', () =>
    photograph(person, 'firing', [
      ...pagesOf(bellwether.url),
      {
        name: 'one-series',
        address: `${bellwether.url}/series/?id=${id}`,
        shows: (page) => page.getByRole('group', { name: `Chart of ${NAME}.` }),
      },
      {
        name: 'models',
        address: `${bellwether.url}/models/`,
        shows: (page) => page.getByRole('img', { name: /^VAE loss/ }).locator('path.recharts-line-curve'),
      },
    ]));

  test('is shown as resolved once the samples are calm again', async () => {
    await overview.goto(bellwether.url);
    await isLive(overview);
    await send(40);
    await sees(
      resolved(region(overview, 'Ended in the last 24 h')),
      region(overview, 'Open incidents').getByText('Nothing is wrong now.'),
      resolved(region(series, 'Alerts')),
    );
    await overview.getByRole('link', { name: 'All alerts' }).click();
    await sees(resolved(overview));
    expect(await firing(overview).count()).toBe(0);
  });

  test('is given a verdict, which says first what it would do, stays, and can be taken back', async () => {
    const item = resolved(overview);
    const dialog = overview.getByRole('dialog', { name: `What was it on ${NAME}?` });
    await button(item, `Give a verdict on ${NAME}`).click();
    expect(await button(dialog, 'Say so').isDisabled()).toBe(true);
    await dialog.getByRole('radio', { name: /^False alarm/ }).check();
    await reads(dialog, /fewer alert|as strange as a score can be/);
    await dialog.getByRole('radio', { name: /^Real/ }).check();
    await reads(dialog, 'left out of later training');
    await dialog.getByLabel('Comment').fill('a full disk');
    await button(dialog, 'Say so').click();
    const said = `Verdict on ${NAME}: Real. Change it`;
    await sees(button(item, said));
    await overview.reload();
    await button(item, said).click();
    await button(dialog, 'Take it back').click();
    await sees(button(item, `Give a verdict on ${NAME}`));
  });

  test('is judged by the link of a notification as well, which says so when it opens nothing', async () => {
    const vault = new VaultService(readConfig({ SECRET_KEY }));
    const link = await new VerdictLinkService(() => Date.now(), vault).make(alert.id, bellwether.url);
    const page = await person.open(link!, { theme: 'dark', width: 375 });
    await sees(page.getByRole('heading', { name: `What was it on ${NAME}?` }));
    await page.getByRole('radio', { name: /^Expected/ }).check();
    await reads(page.locator('form'), 'Nothing changes by itself');
    await takePicture(page, 'verdict-link-dark-375');
    expect(await sticksOut(page)).toEqual([]);
    await button(page, 'Say so').click();
    await reads(page.getByRole('status'), 'Said: Expected');
    await sees(button(resolved(overview), `Verdict on ${NAME}: Expected. Change it`));
    await page.goto(`${bellwether.url}/verdict/#1.2.x`);
    await page.reload();
    await sees(page.getByRole('heading', { name: 'This link does not open' }));
    await reads(page.locator('main'), 'was not made here');
    await page.context().close();
    // The browser itself writes down what was refused.
    expect(person.complaints().every((complaint) => complaint.includes('403'))).toBe(true);
  });

  test.each([
    ['light', 1280],
    ['dark', 375],
  ] as const)('the verdict fits, %s at %s px', async (theme, width) => {
    const page = await person.open(`${bellwether.url}/alerts/`, { theme, width });
    await button(resolved(page), `Verdict on ${NAME}: Expected. Change it`).click();
    const dialog = page.getByRole('dialog', { name: `What was it on ${NAME}?` });
    await dialog.getByRole('radio', { name: /^Expected/ }).check();
    await sees(dialog.getByRole('link', { name: 'Make a recurring silence of it' }));
    await takePicture(page, `verdict-${theme}-${width}`);
    expect(await sticksOut(page)).toEqual([]);
    await page.context().close();
  });
});

describe('the page of models', () => {
  let page: Page;
  beforeAll(async () => {
    page = await person.open(`${bellwether.url}/models/`);
    await isLive(page);
  });

  test('tells of the run: its loss curves, what it was computed with and why, and what came of it', async () => {
    const [run] = await bellwether.get<[TrainingRun]>('/api/v1/training-runs');
    const past = region(page, 'Past runs');
    await reads(past, `run ${run.id}`);
    await reads(past, 'because: enough samples');
    await reads(past, run.outcome!);
    await reads(fact(past, 'Computed with'), `${run.backend!} (${run.backendWhy!})`);
    for (const kind of ['VRNN', 'VAE']) {
      const curve = past.getByRole('img', {
        name: new RegExp(`^${kind} loss from .* in nats per scaled sample$`),
      });
      await sees(curve.locator('path.recharts-line-curve').nth(1));
    }
  });

  test('tells which version of each model is the champion', async () => {
    const versions = region(page, 'Versions');
    for (const kind of ['VRNN', 'VAE'])
      await reads(versions.getByRole('rowheader', { name: `${kind} v1` }), 'Champion');
    await reads(page.getByRole('main'), '2 models are in service.');
    await reads(region(page, 'Detector: everything'), '1 false alarm per series and week');
  });

  test('Train now starts a run, whose progress is shown', async () => {
    await button(page, 'Train now').click();
    await sees(page.getByText('1 run queued'));
    const [run] = await bellwether.get<[TrainingRun]>('/api/v1/training-runs');
    const progress = region(page, 'Training now').getByRole('progressbar', {
      name: `Training run ${run.id}`,
    });
    await sees(progress);
    await reads(region(page, 'Training now'), 'because: ');
    await until(async () => Number(await progress.getAttribute('aria-valuenow')) > 0);
  });
});
