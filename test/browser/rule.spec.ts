/** A rule on screen: in words, changed with a preview on stored scores, refused in words, and saved as a version. */
import type { Detector } from '@bellwether/contracts';
import type { Page } from 'playwright-core';
import { Client } from 'pg';
import { beforeAll, expect, test } from 'vitest';
import { until } from '../support/bellwether';
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
import { setScene } from '../support/scene';

const { bellwether, person, embedded } = setScene({ ROLES: 'api' }, { hasOwnDatabase: true });
let page: Page;

beforeAll(async () => {
  page = await person.open(`${bellwether.url}/models/`);
});

/** Twenty days of one series, strange for three hours every third day, and a little so in between. */
async function score(): Promise<void> {
  const sql = new Client(embedded.url);
  await sql.connect();
  await sql.query(
    `WITH s AS (INSERT INTO series (name, period_ms) VALUES ('cpu', 3600000) RETURNING id),
          t AS (SELECT i, date_trunc('hour', now()) - i * INTERVAL '1 hour' AS time FROM generate_series(0, 479) i),
          p AS (INSERT INTO sample (series_id, time, value) SELECT s.id, t.time, 20 FROM s CROSS JOIN t)
     INSERT INTO score (series_id, time, score, threshold, expected, lower, upper, vrnn_share)
     SELECT s.id, t.time, CASE WHEN t.i % 72 BETWEEN 10 AND 12 THEN 2.1 WHEN t.i % 36 BETWEEN 10 AND 12 THEN 1.3 ELSE 0.2 END,
            1.8, 10, 5, 15, 0.5
     FROM s CROSS JOIN t`,
  );
  await sql.end();
}

const card = () => region(page, 'Detector: everything');
const form = () => page.getByRole('dialog', { name: 'When to alert: everything' });
const said = () => form().getByRole('status');
const detector = async () => (await bellwether.get<Detector[]>('/api/v1/detectors'))[0]!;

test('a rule is said in words', async () => {
  await settled(page);
  await reads(fact(card(), 'Alert budget'), 'Balanced: 1 false alarm per series and week');
  await reads(fact(card(), 'Alerts on'), 'any change above or below');
  await reads(fact(card(), 'Begins and ends'), '2 strange samples in a row, ends after 5 calm');
  await reads(fact(card(), 'Kinds of alerts'), 'all kinds');
  await reads(fact(card(), 'Severity'), 'Warning');
});

test('without scores, its preview says so', async () => {
  await button(card(), 'Change').click();
  await reads(said(), 'There are no scores yet');
  await page.keyboard.press('Escape');
  await isGone(form());
});

test('while it is changed, a preview says what it would have raised', async () => {
  await score();
  await page.reload();
  await button(card(), 'Change').click();
  await reads(said(), /About (2\.\d) alerts a week on 1 series; now \1\./);
  await form().getByRole('radio', { name: 'Keen' }).check();
  await reads(said(), /About 4\.\d alerts a week on 1 series; now 2\.\d\./);
  await reads(form().getByText('Strange samples in a row'), '2 h');
  await takePicture(page, 'rule-form-light-1280');
  await form().getByText('As a table').click();
  await sees(form().getByRole('columnheader', { name: 'Alerts now' }));
  await form().getByLabel('Direction').selectOption('below');
  await reads(said(), /About 0 alerts a week on 1 series; now 2\.\d\./);
  expect(await detector()).toMatchObject({ ruleVersion: 1 });
});

test('what is refused is said in the words of the form', async () => {
  await form().getByRole('radio', { name: 'A number' }).check();
  await form().getByLabel('False alarms per series and week').fill('5000');
  await reads(region(page, 'Preview').getByRole('alert'), 'False alarms: the budget is at most 1000');
  await button(form(), 'Save').click();
  await until(async () => (await form().getByRole('alert').count()) === 2);
  const refused: string[] = [];
  await until(() => {
    refused.push(...person.complaints());
    return ['/preview)', '/detectors/1)'].every((end) => refused.some((text) => text.endsWith(end)));
  });
  expect(await detector()).toMatchObject({ ruleVersion: 1 });
});

test('saved, it is a new version', async () => {
  await form().getByLabel('False alarms per series and week').fill('2.5');
  await form().getByLabel('Direction').selectOption('above');
  await form().getByLabel('Smallest change that matters').fill('20');
  await form().getByLabel('Measured in').selectOption('percent');
  await form().getByLabel('How long it must last, in samples').fill('3');
  await button(form(), 'Save').click();
  await isGone(form());
  await reads(fact(card(), 'Alert budget'), '2.5 false alarms per series and week');
  await reads(fact(card(), 'Alerts on'), 'above by 20 % or more');
  await reads(fact(card(), 'Begins and ends'), '3 strange samples in a row (3 h)');
  await reads(fact(card(), 'Rule'), 'version 2');
  expect(await detector()).toMatchObject({
    ...{ alertBudget: 2.5, direction: 'above', fireAfter: 3, ruleVersion: 2 },
    smallestChange: { value: 20, isPercent: true },
  });
});

test('which kinds of alerts it raises, and how severe they are, is chosen; one kind at least', async () => {
  await button(card(), 'Change').click();
  const kind = (name: RegExp) => form().getByRole('checkbox', { name });
  for (const name of [/^Anomaly/, /^Silent/, /^Frozen/, /^Cadence/, /^Breach/]) await kind(name).uncheck();
  await button(form(), 'Save').click();
  await until(async () => (await form().getByRole('alert').count()) === 2);
  await reads(form().getByRole('alert').last(), 'Kinds of alerts: name one kind of alerts at least');
  // The browser itself writes down what was refused.
  expect(person.complaints().every((text) => text.includes('400'))).toBe(true);
  await kind(/^Breach/).check();
  await kind(/^Anomaly/).focus();
  await page.keyboard.press('Space');
  await form().getByLabel('Severity').selectOption('critical');
  await button(form(), 'Save').click();
  await isGone(form());
  await reads(fact(card(), 'Kinds of alerts'), 'anomaly, breach');
  await reads(fact(card(), 'Severity'), 'Critical');
  expect(await detector()).toMatchObject({
    ...{ kinds: ['anomaly', 'breach'], severity: 'critical', alertBudget: 2.5, ruleVersion: 3 },
  });
});

test('cancelled, it stays; and the form is had without a mouse', async () => {
  await button(card(), 'Change').focus();
  await page.keyboard.press('Enter');
  await form().getByRole('radio', { name: 'A number' }).focus();
  await page.keyboard.press('ArrowDown');
  await button(form(), 'Cancel').focus();
  await page.keyboard.press('Enter');
  await isGone(form());
  expect(await detector()).toMatchObject({ alertBudget: 2.5, ruleVersion: 3 });
});

test.each([
  ['dark', 1280],
  ['light', 375],
  ['dark', 375],
] as const)('it can be read: %s, %i px wide', async (theme, width) => {
  const other = await person.open(`${bellwether.url}/models/`, { theme, width });
  await settled(other);
  await button(other, 'Change').click();
  await sees(other.getByText('As a table'));
  await takePicture(other, `rule-form-${theme}-${width}`);
  expect(await sticksOut(other)).toEqual([]);
  await other.context().close();
});
