/** Moving through a long series: buttons, a drag, keys, and the address that keeps the stretch. Nothing is trained here. */
import type { Series } from '@bellwether/contracts';
import type { Locator, Page, Request } from 'playwright-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until, wave } from '../support/bellwether';
import { button, reads, sees } from '../support/browser';
import { setScene } from '../support/scene';

const NAME = 'long_series';
/** More than the server puts together from the samples themselves. */
const COUNT = 24_000;
const PERIOD = 60_000;
const start = Date.UTC(2026, 0, 1);
const end = start + COUNT * PERIOD;

const { bellwether, person } = setScene({ ROLES: 'api' });
let page: Page;
let address: string;

beforeAll(async () => {
  const samples = Array.from({ length: COUNT }, (_, i) => ({
    series: NAME,
    time: start + i * PERIOD,
    value: wave(i),
  }));
  await bellwether.post('/api/v1/samples', samples);
  const { id } = await until(async () => {
    const [one] = await bellwether.get<Series[]>('/api/v1/series');
    return one?.periodMs === PERIOD && one;
  });
  address = `${bellwether.url}/series/?id=${id}`;
});

beforeEach(async () => {
  page = await person.open(address);
  await sees(chart());
});

afterEach(() => page.context().close());

const chart = (): Locator => page.getByRole('group', { name: `Chart of ${NAME}.` });
const timeRange = (): Locator => page.getByRole('toolbar', { name: 'Time range' });
const isLive = () => sees(timeRange().getByText('Live, follows the newest sample'));

interface Stretch {
  from: number;
  to: number;
}

const stretchIn = (url: string): Stretch => {
  const { searchParams } = new URL(url);
  const [from, to] = [searchParams.get('from')!, searchParams.get('to')!];
  return { from: Number(from) || Date.parse(from), to: Number(to) || Date.parse(to) };
};
const span = ({ from, to }: Stretch): number => to - from;

/** What `act` asks the server for. */
async function asks(act: () => Promise<void>): Promise<Stretch> {
  const asked: Promise<Request> = page.waitForRequest(/\/view\?.*from=/);
  await act();
  const stretch = stretchIn((await asked).url());
  await (await (await asked).response())!.finished();
  return stretch;
}

describe('a long series', () => {
  test('is shown in aggregates as a whole, and in raw samples once zoomed in', async () => {
    await button(timeRange(), 'All samples').click();
    await sees(page.getByText('1-hour means, from sample_1h'), page.getByText('400 buckets'));
    await reads(page.getByRole('list', { name: 'Legend' }), 'Lowest to highest');
    const spans: number[] = [];
    while (!(await page.getByText('raw samples').isVisible()))
      spans.push(span(await asks(() => button(timeRange(), 'Zoom in').click())));
    expect(spans.length).toBeGreaterThan(1);
    spans.forEach((shorter, i) => expect(shorter).toBeCloseTo((COUNT * PERIOD) / 2 ** (i + 1), -3));
  });

  test('a preset shows the newest stretch of its length', async () => {
    const asked = await asks(() => button(timeRange(), 'Newest 6 hours').click());
    expect(asked).toEqual({ from: end - 6 * 3_600_000, to: end });
    await sees(page.getByText('raw samples · 360 samples'), timeRange().locator('[aria-pressed=true]'));
    await isLive();
  });
});

test('a drag shows what was dragged over, the browser goes back, and a link leads to the same stretch', async () => {
  await asks(() => button(timeRange(), 'All samples').click());
  await sees(page.getByText('1-hour means'));
  const asked = await asks(() => drag(0.25, 0.5));
  const dragged = stretchIn(page.url());
  expect(asked).toEqual(dragged);
  expect((dragged.from - start) / (end - start)).toBeCloseTo(0.25, 1);
  expect((dragged.to - start) / (end - start)).toBeCloseTo(0.5, 1);
  await sees(button(timeRange(), 'Back to live'));

  const again = await person.open(page.url());
  await sees(again.getByRole('button', { name: 'Back to live' }));
  await again.context().close();

  await page.goBack();
  await page.waitForURL(/span=all/);
  await isLive();
});

/** Drags over the plot from one share of its width to another. */
async function drag(from: number, to: number): Promise<void> {
  const plot = (await chart().locator('.recharts-cartesian-grid').first().boundingBox())!;
  const at = (share: number) => [plot.x + plot.width * share, plot.y + plot.height / 2] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at((from + to) / 2));
  await page.mouse.move(...at(to));
  await page.mouse.up();
}

test('panning leaves the newest sample, and Back to live returns to it', async () => {
  const before = await asks(() => button(timeRange(), 'Newest 6 hours').click());
  const panned = await asks(() => button(timeRange(), 'Pan left').click());
  expect(panned).toEqual({ from: before.from - span(before) / 2, to: before.to - span(before) / 2 });
  expect(stretchIn(page.url())).toEqual(panned);
  await button(timeRange(), 'Back to live').click();
  await isLive();
  expect(new URL(page.url()).searchParams.has('from')).toBe(false);
});

describe('with keys alone', () => {
  test('the first stop leads past the navigation', async () => {
    await page.keyboard.press('Tab');
    const skip = page.getByRole('link', { name: 'Skip to content' });
    expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
    expect((await skip.boundingBox())!.height).toBeGreaterThan(20);
    await page.keyboard.press('Enter');
    await until(() => page.getByRole('main').evaluate((main) => main === document.activeElement));
  });

  test('the chart is reached, zoomed, moved, and brought back', async () => {
    await until(async () => {
      await page.keyboard.press('Tab');
      return chart().evaluate((group) => group === document.activeElement);
    });
    const zoomed = await asks(() => page.keyboard.press('+'));
    expect(zoomed.to).toBe(end);
    const moved = await asks(() => page.keyboard.press('ArrowLeft'));
    expect(moved).toEqual({ from: zoomed.from - span(zoomed) / 4, to: zoomed.to - span(zoomed) / 4 });
    const wider = await asks(() => page.keyboard.press('-'));
    expect(span(wider)).toBeCloseTo(2 * span(moved), -3);
    await page.keyboard.press('Home');
    await isLive();
  });
});
