import { expect, it } from 'vitest';
import { placeAfterSignIn } from './next-place';

it.each([
  ['/series/?id=3', '/series/?id=3'],
  [null, '/'],
  ['https://elsewhere.example', '/'],
  ['//elsewhere.example', '/'],
  ['/\\elsewhere.example', '/'],
  ['/sign-in/?next=/', '/'],
])('%s leads to %s', (next, place) => {
  expect(placeAfterSignIn(next)).toBe(place);
});
