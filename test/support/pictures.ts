/** Every page in both themes, as wide as a desk and as narrow as a phone: photographed, and none of it sticks out. */
import { expect } from 'vitest';
import { type Person, settled, sticksOut, takePicture } from './browser';

const THEMES = ['light', 'dark'] as const;
const WIDTHS = [1280, 375];

/** `pages` are names and addresses; `state` says what Bellwether is like in these pictures. */
export async function photograph(
  person: Person,
  state: string,
  pages: Record<string, string>,
): Promise<void> {
  for (const theme of THEMES) {
    for (const width of WIDTHS) {
      const page = await person.open('about:blank', { theme, width });
      for (const [name, address] of Object.entries(pages)) {
        await page.goto(address);
        await settled(page);
        const picture = `${state}-${name}-${theme}-${width}`;
        await takePicture(page, picture);
        expect(await sticksOut(page), picture).toEqual([]);
      }
      await page.context().close();
    }
  }
}

/** The pages that are always there. */
export const pagesOf = (url: string): Record<string, string> => ({
  overview: `${url}/`,
  series: `${url}/series/`,
  alerts: `${url}/alerts/`,
  models: `${url}/models/`,
  settings: `${url}/settings/`,
  'sign-in': `${url}/sign-in/`,
});
