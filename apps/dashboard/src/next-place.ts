/** Where to go after signing in: a page of ours, never another site. */

export function placeAfterSignIn(next: string | null): string {
  const isOurs = next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in');
  return isOurs ? next : '/';
}
