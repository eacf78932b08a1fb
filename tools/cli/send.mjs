/** Hands parts to a Bellwether: waits where it says so, tries again where the connection breaks, and reads its answer. */

/** How long one part is tried before the import gives up. */
const PATIENCE_MS = 5 * 60_000;
const LONGEST_PAUSE_MS = 60_000;
/** A little more than the server gives a request. */
const ANSWER_MS = 150_000;

/** An import that cannot go on: told in one line, with exit code 1. */
export class Failure extends Error {}

/** Asks Bellwether; `{ status, body, retryAfter, location }`, or `{ broken }` with the reason why there is no answer. */
export const client =
  ({ url, key }) =>
  async (path, { method = 'GET', type, body } = {}) => {
    const headers = { ...(type && { 'Content-Type': type }), ...(key && { Authorization: `Bearer ${key}` }) };
    try {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const response = await fetch(url + path, { method, headers, body, signal, redirect: 'manual' });
      return {
        status: response.status,
        retryAfter: response.headers.get('retry-after'),
        location: response.headers.get('location'),
        body: asJson(await response.text()),
      };
    } catch (error) {
      return { broken: error.cause?.code ?? error.cause?.message ?? error.message };
    }
  };

function asJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no answer of Bellwether's, and treated as such
  }
}

/** What was written of a part and what refused, at the places of the part. Throws Failure. `ask`, `sleep`, `now` and `say` are the world. */
export async function send({ ask, sleep, now, say, patienceMs = PATIENCE_MS }) {
  const startMs = now();
  for (let attempt = 0; ; attempt++) {
    const answer = await ask();
    const reason = reasonToWait(answer);
    if (reason === undefined) {
      say(undefined);
      return readAnswer(answer);
    }
    const pauseMs = pauseOf(answer, attempt);
    const triedMs = now() - startMs;
    if (triedMs + pauseMs > patienceMs)
      throw new Failure(`${reason}, and this for ${Math.round(triedMs / 1000)} s: import again later.`);
    say(`${reason}: trying again in ${Math.ceil(pauseMs / 1000)} s`);
    await sleep(pauseMs);
  }
}

function reasonToWait({ broken, status, body }) {
  if (broken !== undefined) return `The connection broke (${broken})`;
  if (status === 429) return 'Bellwether has more samples to write than it can';
  if ([502, 503, 504].includes(status))
    return trim(body?.detail) ?? `Bellwether is not available (${status})`;
  return undefined;
}

/** What the server asks for, else ever longer; ms. */
export function pauseOf({ retryAfter }, attempt) {
  const asked = Number(retryAfter);
  const seconds = retryAfter && asked >= 0 ? Math.max(asked, 0.1) : 2 ** Math.min(attempt, 5);
  return Math.min(seconds * 1000, LONGEST_PAUSE_MS);
}

/** `{ written, refused }`; a part of which nothing was written is told as a bad request. Throws Failure. */
export function readAnswer({ status, body, location }) {
  if (status === 200 && Array.isArray(body?.refused)) return body;
  if (status === 400 && Array.isArray(body?.refused)) return { written: 0, refused: body.refused };
  throw new Failure(explain({ status, body, location }));
}

/** What is wrong with an answer, and what to do. */
export function explain({ status, body, location }) {
  if (status === 401)
    return 'The API key is missing or wrong: set BELLWETHER_API_KEY, or name a file that holds it with --key-file.';
  if (status >= 300 && status < 400)
    return `Bellwether is elsewhere: ${location ?? 'it does not say where'}. Name that address with --url.`;
  return body?.detail ?? `What answers there is no Bellwether (${status}): name its address with --url.`;
}

const trim = (sentence) => sentence?.replace(/\.$/, '');
