/** Silences on screen: added with a live count of what they match, followed, changed, ended with one click, and deleted. */
import type { Silence } from '@bellwether/contracts';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
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
import { photograph } from '../support/pictures';
import { setScene } from '../support/scene';

const { bellwether, person } = setScene({ ROLES: 'api' });
let page: Page;

beforeAll(async () => {
  const hosts = Array.from({ length: 8 }, (_, i) => `web-${i}`);
  const time = Date.now();
  await bellwether.post(
    '/api/v1/samples',
    hosts.map((host, i) => ({ series: 'cpu', labels: { host }, time, value: i })),
  );
  await until(async () => (await bellwether.get<unknown[]>('/api/v1/series')).length === hosts.length);
  page = await person.open(`${bellwether.url}/silences/`);
});

const silences = () => bellwether.get<Silence[]>('/api/v1/silences');
const article = (name: string) => page.getByRole('article', { name });
const dialog = (name: string) => page.getByRole('dialog', { name });
const adding = () => dialog('Add a silence');

async function match(number: number, label: string, op: string, value: string): Promise<void> {
  await adding().getByLabel(`Label ${number}`).fill(label);
  await adding().getByLabel(`Operator ${number}`).selectOption(op);
  await adding().getByLabel(`Value ${number}`).fill(value);
}

/** The browser writes down that the API answered 400. */
const refused = (path: string) => until(() => person.complaints().some((one) => one.includes(`${path})`)));

test('without one, the page says what a silence is for', async () => {
  await settled(page);
  await sees(page.getByText('Nothing is silenced'), button(page, 'Add the first silence'));
});

test('one is added for an hour, and says beforehand how many series it is about', async () => {
  await button(page, 'Add the first silence').click();
  await sees(adding().getByText('Fill in a value to see what matches.'));
  await match(1, '__name__', '=', 'cpu');
  await reads(adding().getByRole('status'), '8 series match now, none of them fires.');
  await button(adding(), 'Add a matcher').click();
  await match(2, 'host', '=~', 'web-[0-2');
  await reads(adding().getByRole('status'), 'Matcher 2: a "[" is not closed');
  await refused('silences/preview');
  await match(2, 'host', '=~', 'web-[0-2]');
  await reads(adding().getByRole('status'), /3 series match now.*web-0/);
  await adding().getByLabel('Comment').fill('New disks');
  await takePicture(page, 'silences-form-light-1280');
  await button(adding(), 'Add').click();
  await isGone(adding());
  await sees(region(page, 'Active').getByText('name = cpu'), article('Silence: New disks'));
  await reads(fact(article('Silence: New disks'), 'Held back'), 'none yet');
  const [added] = await silences();
  expect(Date.parse(added!.current!.to) - Date.parse(added!.current!.from)).toBeLessThanOrEqual(3_600_000);
  expect(added!.matchers[1]).toEqual({ label: 'host', op: '=~', value: 'web-[0-2]' });
});

test('what the API refuses is said in the words of the form', async () => {
  await button(page, 'Add a silence').click();
  await match(1, 'host', '!=', 'web-1');
  await reads(adding().getByRole('status'), 'Matchers: each of them matches a label that is not there');
  await match(1, '__name__', '=', 'cpu');
  await adding().getByText('From, to', { exact: true }).click();
  await adding().getByLabel('From', { exact: true }).fill('2030-01-02T10:00');
  await adding().getByLabel('To', { exact: true }).fill('2030-01-01T10:00');
  await button(adding(), 'Add').click();
  await reads(adding().getByRole('alert'), 'To: it has to end after it begins.');
  await refused('api/v1/silences');
  await page.keyboard.press('Escape');
  await isGone(adding());
});

test('a weekly window says when it is next, on the clock of both zones', async () => {
  await button(page, 'Add a silence').click();
  await adding().getByLabel('What it does').selectOption('maintenance');
  await match(1, 'host', '=~', '.+');
  await adding().getByText('Weekly', { exact: true }).click();
  await adding().getByLabel('Begins at').fill('23:30');
  await adding().getByLabel('Lasts, in h').fill('1.5');
  await adding().getByLabel('Time zone').fill('Asia/Kolkata');
  await adding().getByLabel('Comment').fill('Backups');
  await takePicture(page, 'silences-weekly-light-1280');
  await button(adding(), 'Add').click();
  await isGone(adding());
  const window = article('Maintenance window: Backups');
  await reads(fact(window, 'When'), 'every Saturday and Sunday at 23:30 for 1 h 30 min, Asia/Kolkata time');
  await reads(window, /your time zone; (Sat|Sun) .*, 23:30 to (Sun|Mon) .*, 01:00 in Asia\/Kolkata/);
  expect((await silences()).find(({ kind }) => kind === 'maintenance')).toMatchObject({
    state: expect.stringMatching(/active|upcoming/),
    schedule: { days: [6, 7], at: '23:30', durationMinutes: 90, timeZone: 'Asia/Kolkata', until: null },
  });
});

test('of one that has begun, what lies ahead is changed', async () => {
  await button(page, 'Edit New disks').click();
  const form = dialog('Edit New disks');
  await sees(form.getByText('what it has done stays done'));
  expect(await form.getByLabel('Value 1').count()).toBe(0);
  await form.getByLabel('Comment').fill('New disks in rack 4');
  await button(form, 'Save').click();
  await isGone(form);
  await sees(article('Silence: New disks in rack 4'));
});

test('one is ended with one click, and says by whom', async () => {
  await button(page, 'End New disks in rack 4').click();
  await reads(region(page, 'Past'), 'by somebody at the dashboard');
  expect((await silences()).at(-1)).toMatchObject({ comment: 'New disks in rack 4', state: 'past' });
});

test('one of which nothing has come is deleted, once that is confirmed', async () => {
  await button(page, 'Delete New disks in rack 4').click();
  const question = page.getByRole('alertdialog', { name: 'Delete New disks in rack 4?' });
  await button(question, 'Delete').click();
  await isGone(article('Silence: New disks in rack 4'));
  expect((await silences()).map(({ comment }) => comment)).toEqual(['Backups']);
});

test('an address begins one for a series', async () => {
  const matchers = [
    { label: '__name__', op: '=', value: 'cpu' },
    { label: 'host', op: '=', value: 'web-3' },
  ];
  await page.goto(`${bellwether.url}/silences/?matchers=${encodeURIComponent(JSON.stringify(matchers))}`);
  await reads(adding().getByRole('status'), /1 series match.*web-3/);
  await adding().getByText('4 h', { exact: true }).click();
  await button(adding(), 'Add').click();
  await sees(region(page, 'Active').getByText('host = web-3'));
  await page.reload();
  await sees(region(page, 'Active').getByText('host = web-3'));
  expect(await adding().count()).toBe(0);
});

describe('in both themes, at a desk and on a phone', () => {
  test('the page has its place', async () => {
    const past = { kind: 'once', from: '2026-01-01T22:00:00Z', to: '2026-01-02T04:00:00Z' };
    const matchers = [{ label: 'host', op: '=~', value: '(web|db)-[0-9]+\\.(eu|us)\\.example\\.org' }];
    await bellwether.post('/api/v1/silences', {
      kind: 'maintenance',
      matchers,
      schedule: past,
      comment: 'Move',
    });
    const address = `${bellwether.url}/silences/`;
    await photograph(person, 'some', [
      { name: 'silences', address, shows: (one) => region(one, 'Past').getByRole('article') },
    ]);
  });

  test.each([
    ['light', 375],
    ['dark', 375],
    ['dark', 1280],
  ] as const)('so has the form: %s, %i px', async (theme, width) => {
    const other = await person.open(`${bellwether.url}/silences/`, { theme, width });
    await button(other, 'Add a silence').click();
    const form = other.getByRole('dialog', { name: 'Add a silence' });
    await form.getByLabel('Value 1').fill('cpu');
    await reads(form.getByRole('status'), '8 series match now');
    await form.getByText('Weekly', { exact: true }).click();
    await takePicture(other, `silences-form-${theme}-${width}`);
    expect(await sticksOut(other)).toEqual([]);
    await other.context().close();
  });
});
