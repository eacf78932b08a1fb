/** A Bellwether that listens on all addresses: nothing is shown before the key is. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { type Bellwether, removeFolder, startBellwether, temporaryFolder } from '../support/bellwether';
import { button, isLive, type Person, reads, region, sees, startPerson } from '../support/browser';

const KEY = 'a key of twenty-eight letters'.replaceAll(' ', '-');

let folder: string;
let bellwether: Bellwether;
let person: Person;
let page: Page;

beforeAll(async () => {
  folder = await temporaryFolder();
  const env = { HOST: '0.0.0.0', API_KEY: KEY, ROLES: 'api' };
  [bellwether, person] = await Promise.all([startBellwether(folder, env), startPerson()]);
  page = await person.open(`${bellwether.url}/models/`);
});

/** A refusal is written to the console by the browser itself. */
afterEach(() =>
  expect(person.complaints().filter((complaint) => !complaint.includes('status of 401'))).toEqual([]),
);

afterAll(async () => {
  await person?.leave();
  await bellwether?.stop();
  await removeFolder(folder);
});

async function signIn(key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await button(page, 'Sign in').click();
}

test('every page leads to the sign-in, where a wrong key is refused in words', async () => {
  await page.waitForURL(/\/sign-in\//);
  await signIn(KEY.replace('key', 'kez'));
  await reads(page.getByRole('alert'), 'That key is not known here.');
  expect(await page.getByRole('navigation').count()).toBe(0);
});

test('the right key leads on to the page that was asked for', async () => {
  await signIn(` ${KEY} `);
  await page.waitForURL(`${bellwether.url}/models/`);
  await sees(page.getByRole('heading', { level: 1, name: 'Models' }));
  await isLive(page);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Overview' }).click();
  await reads(region(page, 'Send samples').locator('pre'), 'authorization: Bearer');
});

test('signing out locks it again', async () => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
  await button(region(page, 'Access'), 'Sign out').click();
  await page.waitForURL(/\/sign-in\//);
  await page.goto(`${bellwether.url}/alerts/`);
  await page.waitForURL(/\/sign-in\/\?next=%2Falerts%2F/);
});
