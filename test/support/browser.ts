/**
 * A person in front of Bellwether: a real Chromium, found by what is on screen. Waiting is left to the locators, whose limit is
 * short enough that a failure names what was not seen.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LIMIT_MS = 60_000;
const SCREENSHOTS = resolve(__dirname, '../browser/screenshots');

export interface Look {
  theme?: 'light' | 'dark';
  width?: number;
}

export interface Person {
  /** A fresh browser profile (no cookies) at this address. */
  open(url: string, look?: Look): Promise<Page>;
  /** What the pages wrote to the console as errors, and exceptions nobody caught, since last asked. */
  complaints(): string[];
  leave(): Promise<void>;
}

export async function startPerson(): Promise<Person> {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ARGS,
  });
  let complaints: string[] = [];
  return {
    open: async (url, look) => {
      const page = await newPage(browser, look);
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await page.goto(url);
      return page;
    },
    complaints: () => {
      const all = complaints;
      complaints = [];
      return all;
    },
    leave: () => browser.close(),
  };
}

async function newPage(browser: Browser, { theme = 'light', width = 1280 }: Look = {}): Promise<Page> {
  const context = await browser.newContext({ colorScheme: theme, viewport: { width, height: 900 } });
  context.setDefaultTimeout(LIMIT_MS);
  return context.newPage();
}

export const region = (page: Page, name: string): Locator => page.getByRole('region', { name, exact: true });
export const button = (place: Page | Locator, name: string): Locator =>
  place.getByRole('button', { name, exact: true });

/** What stands beside a name in a list of facts. */
export const fact = (place: Page | Locator, name: string): Locator =>
  place
    .getByRole('term')
    .filter({ hasText: new RegExp(`^${name}$`) })
    .locator('xpath=following-sibling::dd');

/** Waits until each of them can be seen. */
export async function sees(...things: Locator[]): Promise<void> {
  for (const thing of things) await thing.first().waitFor();
}

/** Waits until it reads so. */
export const reads = (thing: Locator, text: string | RegExp): Promise<void> =>
  thing.filter({ hasText: text }).first().waitFor();

/** Until it is gone, or was never there. */
export const isGone = (thing: Locator): Promise<void> => thing.first().waitFor({ state: 'detached' });

/** Changes when a page is loaded again, and only then. */
export const loadedAt = (page: Page): Promise<number> => page.evaluate(() => performance.timeOrigin);

/** Waits until the live stream is open, so that what happens from now on is heard of. */
export const isLive = (page: Page): Promise<void> => sees(page.getByText('Live', { exact: true }));

/** Waits until a page has its answers. */
export async function settled(page: Page): Promise<void> {
  await sees(page.getByRole('heading', { level: 1 }));
  await isGone(page.getByText(/^Loading/));
  await isGone(page.locator('[aria-busy=true]'));
}

/** Writes what the page looks like, whole, for people to look at. */
export async function takePicture(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
}

/** What sticks out to the right of the window and is not inside of something that scrolls by itself. */
export const sticksOut = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const isCut = (element: Element): boolean =>
      element.parentElement !== null &&
      (getComputedStyle(element.parentElement).overflowX !== 'visible' || isCut(element.parentElement));
    const out = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getBoundingClientRect().right > width + 0.5 && !isCut(element),
    );
    const scrolls =
      document.documentElement.scrollWidth > width ? [`the page scrolls beyond ${width} px`] : [];
    return [
      ...scrolls,
      ...out.map((element) => `${element.tagName} ${element.textContent?.trim().slice(0, 60)}`),
    ];
  });
