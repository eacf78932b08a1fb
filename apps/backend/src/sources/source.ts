/** Sources: where one is reached, what a change of it means, when it is tried again, and what can be said about it. Pure. */
import type {
  Refusal,
  Source,
  SourceSecrets,
  SourceSettings,
  SourceState,
  SourceTest,
} from '@bellwether/contracts';
import { mergeRefusals, type Decoded, type SampleBatch } from '../ingest/ingest';

/** How far a puller has come: in the source's own terms, and as a time. */
export interface Cursor {
  position: string;
  atMs: number;
}

/** Something about a source that its owner has to change, or wait for; the message says what. */
export class SourceError extends Error {}

/** The secrets that are set. */
export interface Secrets {
  password?: string;
  token?: string;
  headers?: Record<string, string>;
}

/** Where a source is, and as whom: a secret belongs to this, and is never sent anywhere else. */
export function addressOf(settings: SourceSettings): string {
  if (settings.kind === 'kafka')
    return JSON.stringify(['kafka', settings.brokers, settings.usesTls, settings.sasl, settings.username]);
  return JSON.stringify([settings.kind, settings.url, settings.username]);
}

/** Parameters of a PostgreSQL address that say nothing but how to connect. */
const SQL_PARAMETERS = ['sslmode', 'sslrootcert'];

/** Takes the user name and the password out of an address; what may not stand in one is said. */
export function tidy(
  settings: SourceSettings,
  secrets: SourceSecrets,
): { settings: SourceSettings; secrets: SourceSecrets } | string {
  const misplaced = misplacedSecret(settings, secrets);
  if (misplaced) return misplaced;
  if (settings.kind === 'kafka') {
    const isWhole = (settings.sasl === null) === (settings.username === null);
    return isWhole
      ? { settings, secrets }
      : 'settings.username: sasl and username go together, or neither is set';
  }
  const url = new URL(settings.url);
  const strange = [...url.searchParams.keys()].filter(
    (name) => settings.kind !== 'sql' || !SQL_PARAMETERS.includes(name),
  );
  if (strange.length > 0 || url.hash) return 'settings.url: leave out what follows the ? or #';
  const read = readable(url);
  if (!read) return 'settings.url: the user name or password holds a malformed % sequence';
  url.username = '';
  url.password = '';
  return {
    settings: { ...settings, url: url.href, username: read.username ?? settings.username },
    secrets: read.password === undefined ? secrets : { ...secrets, password: read.password },
  };
}

function misplacedSecret({ kind }: SourceSettings, secrets: SourceSecrets): string | undefined {
  if (kind === 'prometheus') return undefined;
  if (secrets.token) return `secrets.token: a source of kind ${kind} has none`;
  if (secrets.headers) return `secrets.headers: a source of kind ${kind} has none`;
  return undefined;
}

function readable(url: URL): { username?: string; password?: string } | undefined {
  try {
    return {
      ...(url.username && { username: decodeURIComponent(url.username) }),
      ...(url.password && { password: decodeURIComponent(url.password) }),
    };
  } catch {
    // decodeURIComponent knows one mistake only.
    return undefined;
  }
}

/** The secrets after a change: what is left out stays, null removes. */
export function changeSecrets(before: Secrets, change: SourceSecrets): Secrets {
  const after = { ...before, ...change };
  const set = Object.entries(after).filter(([, secret]) => secret !== null && secret !== undefined);
  return Object.fromEntries(set);
}

/** Whether every secret that is set is given anew, or removed. */
export const givesAll = (names: readonly string[], change: SourceSecrets): boolean =>
  names.every(
    (name) => change[(name.startsWith('header ') ? 'headers' : name) as keyof SourceSecrets] !== undefined,
  );

/** What may be told of secrets. */
export const namesOf = ({ password, token, headers }: Secrets): string[] => [
  ...(password === undefined ? [] : ['password']),
  ...(token === undefined ? [] : ['token']),
  ...Object.keys(headers ?? {}).map((name) => `header ${name}`),
];

export const secretsSet = (names: readonly string[]): Source['secretsSet'] => ({
  password: names.includes('password'),
  token: names.includes('token'),
  headers: names.filter((name) => name.startsWith('header ')).map((name) => name.slice('header '.length)),
});

/** Whether a source goes on from where it is: it asks for the same, only at other times. */
export function goesOn(before: SourceSettings, after: SourceSettings): boolean {
  const timing = { offsetMs: 0, intervalMs: 0, overlapMs: 0 };
  const asked = (settings: SourceSettings) =>
    JSON.stringify(Object.entries({ ...settings, ...timing }).sort(([a], [b]) => (a < b ? -1 : 1)));
  return asked(before) === asked(after);
}

const FIRST_BACKOFF_MS = 1_000;
const LONGEST_BACKOFF_MS = 300_000;

/** Twice as long after each failure, up to five minutes; `random` in [0, 1) spreads it over the upper half. */
export function backoffMs(failures: number, random: number): number {
  const whole = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(whole * (0.5 + random / 2));
}

export interface Facts {
  isEnabled: boolean;
  lastSuccessMs: number | null;
  lastError: string | null;
  samplesWritten: number;
  cursorAtMs: number | null;
}

/** The state of a source and one sentence that says why. */
export function judge(facts: Facts): { state: SourceState; why: string } {
  if (!facts.isEnabled) return { state: 'disabled', why: 'disabled: nothing is fetched until it is enabled' };
  if (facts.lastError !== null)
    return { state: 'failing', why: `failing, and tried again by itself: ${facts.lastError}` };
  if (facts.lastSuccessMs === null) return { state: 'starting', why: 'starting: nothing has come of it yet' };
  if (facts.cursorAtMs === null)
    return { state: 'working', why: 'working: connected, no sample has come yet' };
  const upTo = new Date(facts.cursorAtMs).toISOString().slice(0, 19).replace('T', ' ');
  return { state: 'working', why: `working: ${facts.samplesWritten} samples written, up to ${upTo} UTC` };
}

/** Several decoded parts as one; the places of their series move together. */
export function combine(parts: readonly Decoded[]): Decoded {
  const batch: SampleBatch = { series: [], seriesAt: [], timeMs: [], value: [] };
  const known = new Map<string, number>();
  for (const { batch: part } of parts) {
    const places = part.series.map((series) => {
      const place = known.get(series.key) ?? batch.series.push(series) - 1;
      known.set(series.key, place);
      return place;
    });
    part.seriesAt.forEach((place) => batch.seriesAt.push(places[place]!));
    part.timeMs.forEach((timeMs) => batch.timeMs.push(timeMs));
    part.value.forEach((value) => batch.value.push(value));
  }
  return { batch, refusals: mergeRefusals(parts.flatMap(({ refusals }) => refusals)) };
}

/** A batch in portions that wait in the writer's queue without filling it. */
export function* portionsOf({ batch, refusals }: Decoded, rows: number): Generator<Decoded> {
  for (let from = 0; from === 0 || from < batch.value.length; from += rows) {
    const to = from + rows;
    const part = {
      seriesAt: batch.seriesAt.slice(from, to),
      timeMs: batch.timeMs.slice(from, to),
      value: batch.value.slice(from, to),
    };
    yield { batch: { series: batch.series, ...part }, refusals: from === 0 ? refusals : [] };
  }
}

export const newestOf = ({ timeMs }: SampleBatch): number | undefined =>
  timeMs.length === 0 ? undefined : timeMs.reduce((newest, ms) => Math.max(newest, ms));

const MAX_TEXT = 500;

/** What others wrote, as the database can keep it and a person can read it. */
export const printable = (text: string): string =>
  (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)} …` : text).replace(/[\p{Cc}\p{Cs}]+/gu, ' ');

export const printableRefusals = (refusals: readonly Refusal[]): Refusal[] =>
  refusals.map(({ first, ...refusal }) => ({
    ...refusal,
    first: { at: printable(first.at), detail: printable(first.detail) },
  }));

const MAX_EXAMPLES = 5;

/** What a trial brought; `nothing` says why there may be nothing. */
export function summarize({ batch, refusals }: Decoded, nothing: string): SourceTest {
  const used = [...new Set(batch.seriesAt)].map((place) => batch.series[place]!);
  const samples = batch.value.length;
  const newestMs = newestOf(batch);
  const firstMs = batch.timeMs.reduce((first, ms) => Math.min(first, ms), Infinity);
  return {
    works: true,
    detail:
      samples > 0
        ? `It works: ${samples} ${samples === 1 ? 'sample' : 'samples'} of ${used.length} series.`
        : refusals.length > 0
          ? `It answers, and nothing of it can be taken: ${printable(refusals[0]!.first.detail)} (${printable(refusals[0]!.first.at)}).`
          : nothing,
    series: used.length,
    samples,
    firstAt: newestMs === undefined ? null : new Date(firstMs).toISOString(),
    newestAt: newestMs === undefined ? null : new Date(newestMs).toISOString(),
    examples: used.slice(0, MAX_EXAMPLES).map(({ name, labels }) => ({ name, labels })),
    refused: printableRefusals(refusals),
  };
}

export const brokenTest = (detail: string): SourceTest => ({
  works: false,
  detail,
  series: 0,
  samples: 0,
  firstAt: null,
  newestAt: null,
  examples: [],
  refused: [],
});

/** Why a host could not be spoken to, by the code of its socket, and what to do; undefined for what nobody foresaw. */
export function explainConnection(error: unknown, place: string): string | undefined {
  const code = codeOf(error);
  if (code === 'ECONNREFUSED') return `Nothing listens at ${place}: start it, or correct the address.`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `The host of ${place} is not known: correct the address.`;
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET')
    return `${place} closed the connection: see its log, and whether it wants TLS.`;
  if (/^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|UND_ERR_.*TIMEOUT)$/.test(code))
    return `${place} cannot be reached (${code}): correct the address, or see to the network.`;
  if (/CERT|UNABLE_TO_(GET_ISSUER|VERIFY)|ERR_TLS/.test(code))
    return `The certificate of ${place} cannot be verified (${code}): name its CA in NODE_EXTRA_CA_CERTS.`;
  if (/SSL|EPROTO/.test(code))
    return `${place} does not speak TLS, or not this kind (${code}): correct the address.`;
  if (messageOf(error).includes('bad port'))
    return `${place} has a port that no web client asks, see https://fetch.spec.whatwg.org/#port-blocking: serve it on another one.`;
  return undefined;
}

/** What an error and its cause say. */
const messageOf = (error: unknown): string => {
  const { message, cause } = (error ?? {}) as { message?: unknown; cause?: { message?: unknown } };
  return [message, cause?.message].filter((text) => typeof text === 'string').join(': ');
};

/** The code of an error, or of the first of its causes and parts that has one. */
function codeOf(error: unknown, depth = 0): string {
  if (typeof error !== 'object' || error === null || depth > 4) return '';
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  const own = typeof code === 'string' && !code.startsWith('PLT_') ? code : '';
  const parts = [cause, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
  return own || parts.map((part) => codeOf(part, depth + 1)).find(Boolean) || '';
}
