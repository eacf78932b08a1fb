/** Every page in both themes, as wide as a desk and as narrow as a phone: photographed, and none of it sticks out. */
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Person, sees, settled, sticksOut, takePicture } from './browser';

const THEMES = ['light', 'dark'] as const;
const WIDTHS = [1280, 375];

export interface Shot {
  name: string;
  address: string;
  /** What has to be there before the picture is taken: charts come in pieces of their own. */
  shows?: (page: Page) => Locator;
}

/** `state` says what Bellwether is like in these pictures. */
export async function photograph(person: Person, state: string, shots: Shot[]): Promise<void> {
  for (const theme of THEMES) {
    for (const width of WIDTHS) {
      const page = await person.open('about:blank', { theme, width });
      for (const { name, address, shows } of shots) {
        await page.goto(address);
        await settled(page);
        if (shows) await sees(shows(page));
        const picture = `${state}-${name}-${theme}-${width}`;
        await takePicture(page, picture);
        expect(await sticksOut(page), picture).toEqual([]);
      }
      await page.context().close();
    }
  }
}

/** The pages that are always there. */
export const pagesOf = (url: string): Shot[] =>
  ['', 'series/', 'incidents/', 'alerts/', 'sources/', 'settings/', 'sign-in/'].map((path) => ({
    name: path.slice(0, -1) || 'overview',
    address: `${url}/${path}`,
  }));
