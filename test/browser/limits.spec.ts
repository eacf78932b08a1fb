/** Limits of a series on screen: set and removed in its form, refused in words, and drawn where they are near. */
import type { Series } from '@bellwether/contracts';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { until, wave } from '../support/bellwether';
import { button, fact, isGone, reads, sees, sticksOut, takePicture } from '../support/browser';
import { setScene } from '../support/scene';

const NAME = 'queue_time';

const { bellwether, person } = setScene({ ROLES: 'api' });
let page: Page;
let id: number;

beforeAll(async () => {
  const now = Date.now();
  const samples = Array.from({ length: 200 }, (_, i) => ({
    ...{ series: NAME, labels: { shop: 'one' }, time: now - (200 - i) * 60_000, value: wave(i) },
  }));
  await bellwether.post('/api/v1/samples', samples);
  const series = await until(async () => (await bellwether.get<Series[]>('/api/v1/series'))[0]);
  id = series.id;
  page = await person.open(`${bellwether.url}/series/?id=${id}`);
  await sees(page.getByRole('group', { name: `Chart of ${NAME}.` }));
});

const form = () => page.getByRole('dialog', { name: 'Unit, period and limits' });
const edit = () => button(page, 'Edit unit, period and limits').click();

test('are refused in the words of the form where they cross', async () => {
  await edit();
  await form().getByLabel('Unit', { exact: true }).fill('ms');
  await form().getByLabel('Upper limit').fill('70');
  await form().getByLabel('Lower limit').fill('150');
  await button(form(), 'Save').click();
  await reads(form().getByRole('alert'), 'Lower limit: 150 is not below the upper limit, 70');
  // The browser itself writes down what was refused.
  expect(person.complaints().every((complaint) => complaint.includes('400'))).toBe(true);
});

test('are set, said with their unit, and lines of the chart where they are near', async () => {
  await form().getByLabel('Upper limit').fill('150');
  await form().getByLabel('Lower limit').fill('-4000');
  await form().getByLabel('How sure, in %').fill('90');
  await takePicture(page, 'limits-form-light-1280');
  await button(form(), 'Save').click();
  await isGone(form());
  await reads(fact(page, 'Limits'), '−4,000 ms to 150 ms');
  await reads(page.getByRole('list', { name: 'Legend' }), 'Limit');
  const chart = page.getByRole('group', { name: `Chart of ${NAME}.` });
  await reads(chart.locator('text'), /upper.limit:.150.ms/);
  expect(await chart.getByText(/lower.limit/).count()).toBe(0);
  const { upperLimit, lowerLimit, breachProbability } = await bellwether.get<Series>(`/api/v1/series/${id}`);
  expect({ upperLimit, lowerLimit, breachProbability }).toEqual({
    ...{ upperLimit: 150, lowerLimit: -4000, breachProbability: 0.9 },
  });
});

test.each([
  ['dark', 1280],
  ['light', 375],
  ['dark', 375],
] as const)('fit, and so does their form: %s at %i px', async (theme, width) => {
  const other = await person.open(`${bellwether.url}/series/?id=${id}`, { theme, width });
  await reads(other.getByRole('group', { name: `Chart of ${NAME}.` }).locator('text'), /upper.limit:.150.ms/);
  await takePicture(other, `limits-${theme}-${width}`);
  expect(await sticksOut(other)).toEqual([]);
  await button(other, 'Edit unit, period and limits').click();
  await takePicture(other, `limits-form-${theme}-${width}`);
  expect(await sticksOut(other)).toEqual([]);
  await other.context().close();
});

test('are removed by emptying them', async () => {
  await edit();
  for (const label of ['Unit', 'Upper limit', 'Lower limit', 'How sure, in %'])
    await form().getByLabel(label).first().fill('');
  await button(form(), 'Save').click();
  await isGone(form());
  await isGone(fact(page, 'Limits'));
});
