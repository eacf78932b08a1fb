/** A Bellwether that listens on all addresses: nothing is shown before the key is. */
import { beforeAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { button, isLive, reads, region, sees } from '../support/browser';
import { setScene } from '../support/scene';

const KEY = 'a key of twenty-eight letters'.replaceAll(' ', '-');

/** A refusal is written to the console by the browser itself. */
const { bellwether, person } = setScene(
  { HOST: '0.0.0.0', API_KEY: KEY, ROLES: 'api' },
  { forgives: /status of 401/ },
);
let page: Page;

beforeAll(async () => {
  page = await person.open(`${bellwether.url}/models/`);
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
