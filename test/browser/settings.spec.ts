/** Channels: added, tried, and deleted again. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import {
  type Bellwether,
  removeFolder,
  startBellwether,
  startReceiver,
  temporaryFolder,
} from '../support/bellwether';
import { button, fact, isGone, type Person, reads, region, sees, startPerson } from '../support/browser';

let folder: string;
let bellwether: Bellwether;
let person: Person;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  receiver = await startReceiver();
  [bellwether, person] = await Promise.all([startBellwether(folder, { ROLES: 'api' }), startPerson()]);
  page = await person.open(`${bellwether.url}/settings/`);
});

afterEach(() => expect(person.complaints()).toEqual([]));

afterAll(async () => {
  await person?.leave();
  await bellwether?.stop();
  receiver?.close();
  await removeFolder(folder);
});

const channel = (name: string) => page.getByRole('article', { name: `Channel ${name}` });

async function add(name: string, url: string): Promise<void> {
  const form = region(page, 'Add a channel');
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Webhook address').fill(url);
  await button(form, 'Add channel').click();
  await sees(channel(name));
}

test('without a channel, the page says that nobody is told', () =>
  sees(region(page, 'Notification channels').getByText('Nobody is told yet')));

test('a webhook is added, and a test of it arrives', async () => {
  await add('On call', receiver.url);
  await reads(channel('On call'), receiver.url);
  await reads(fact(channel('On call'), 'Last delivered'), 'never');
  await button(page, 'Test On call').click();
  await reads(channel('On call').getByRole('status'), 'Test delivered');
  expect(receiver.received.map(({ event }) => event)).toEqual(['test']);
});

test('a test that does not arrive says so', async () => {
  const gone = await startReceiver();
  gone.close();
  await add('Nobody there', gone.url);
  await button(page, 'Test Nobody there').click();
  await reads(channel('Nobody there').getByRole('status'), 'Test not delivered: ');
});

test('a channel is deleted once that is confirmed, and not before', async () => {
  const dialog = page.getByRole('alertdialog', { name: 'Delete On call?' });
  await button(page, 'Delete On call').click();
  await button(dialog, 'Cancel').click();
  await isGone(dialog);
  await sees(channel('On call'));

  await button(page, 'Delete On call').click();
  await button(dialog, 'Delete channel').click();
  await isGone(channel('On call'));
  await page.reload();
  await sees(channel('Nobody there'));
  expect(await channel('On call').count()).toBe(0);
});
