/** What may be written: every protocol's decoder hands its samples to a `Collector`, which accepts or counts them. Pure. */
import {
  Labels,
  MAX_LABELS,
  MAX_NAME_LENGTH,
  SeriesName,
  type Refusal,
  type RefusalReason,
} from '@bellwether/contracts';
import { identify, type SeriesIdentity } from '../series/series';
import { RequestError } from '../http/problem';

/** Samples in columns of one length: row i is the sample (series[seriesAt[i]], timeMs[i], value[i]). */
export interface SampleBatch {
  series: SeriesIdentity[];
  seriesAt: number[];
  /** Whole epoch milliseconds: finer times are rounded, since scores and screens know no finer ones. */
  timeMs: number[];
  value: number[];
}

/** What a decoder made of a request. */
export interface Decoded {
  batch: SampleBatch;
  refusals: Refusal[];
}

/** The times that are taken: [oldestMs, newestMs). */
export interface Acceptance {
  oldestMs: number;
  newestMs: number;
}

const DAY_MS = 86_400_000;
const YEAR_2000_MS = Date.UTC(2000, 0, 1);

/** From 2000, or as far back as samples are kept, until a day ahead: clocks differ, but not by that much. */
export const acceptance = (nowMs: number, retentionDays: number): Acceptance => ({
  oldestMs: retentionDays > 0 ? Math.max(YEAR_2000_MS, nowMs - retentionDays * DAY_MS) : YEAR_2000_MS,
  newestMs: nowMs + DAY_MS,
});

/** Samples that one request may hold. */
export const MAX_SAMPLES = 500_000;

export interface Collector {
  /** The place of a series in the batch, or why it cannot be one. Cheap for a series seen before; a counter says so the first time. */
  series(name: unknown, labels?: unknown, kind?: { isCounter: boolean }): number | string;
  /** Takes a sample or counts why not; `at` says where it stood and is only asked for the first of a kind. */
  add(series: number | string, timeMs: number, value: number, at: () => string): void;
  refuse(reason: RefusalReason, at: () => string, detail: string): void;
  done(): Decoded;
}

export function collect({ oldestMs, newestMs }: Acceptance): Collector {
  const batch: SampleBatch = { series: [], seriesAt: [], timeMs: [], value: [] };
  const refusals = new Map<RefusalReason, Refusal>();
  /** Places by what was sent, and by identity: labels in another order are the same series. */
  const places = new Map<SeriesIdentity, number>();
  let seen = 0;

  const count = () => {
    if (++seen > MAX_SAMPLES)
      throw new RequestError(
        413,
        `The body holds more than ${MAX_SAMPLES} samples: send it in smaller parts.`,
      );
  };
  const note = (reason: RefusalReason, at: () => string, detail: string) => {
    const refusal = refusals.get(reason);
    if (refusal) refusal.count++;
    else refusals.set(reason, { reason, count: 1, first: { at: at(), detail } });
  };

  return {
    series(name, labels, kind) {
      const identity = identities.get(name, labels, kind);
      if (typeof identity === 'string') return identity;
      const known = places.get(identity);
      if (known !== undefined) return known;
      const place = batch.series.push(identity) - 1;
      places.set(identity, place);
      return place;
    },
    add(series, timeMs, value, at) {
      count();
      if (typeof series === 'string') return note('bad_series', at, series);
      if (!Number.isFinite(value)) return note('non_finite', at, 'the value is not a finite number');
      const whole = Math.round(timeMs);
      if (whole < oldestMs) return note('too_old', at, outside(timeMs, { oldestMs, newestMs }));
      if (!(whole < newestMs)) return note('in_the_future', at, outside(timeMs, { oldestMs, newestMs }));
      batch.seriesAt.push(series);
      batch.timeMs.push(whole);
      batch.value.push(value);
    },
    refuse(reason, at, detail) {
      count();
      note(reason, at, detail);
    },
    done: () => ({ batch, refusals: [...refusals.values()] }),
  };
}

/** No valid identity is longer when written down, by far; what is longer is not worth remembering. */
const MAX_REMEMBERED_LENGTH = 20_000;
/** Characters of one generation, some 50,000 series: a scrape of more is checked anew each time. */
const MAX_REMEMBERED = 16_000_000;

/**
 * Identities by what was sent, so that the labels of a series are not looked at letter by letter each time it sends a sample; equal
 * ones are the same object. The least lately used are forgotten, a generation at a time.
 */
export function rememberIdentities(most = MAX_REMEMBERED) {
  let [young, old] = [new Map<string, SeriesIdentity | string>(), new Map<string, SeriesIdentity | string>()];
  let length = 0;
  const recall = (key: string, make: () => SeriesIdentity | string): SeriesIdentity | string => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const found = old.get(key) ?? make();
    if (length >= most) [young, old, length] = [new Map<string, SeriesIdentity | string>(), young, 0];
    young.set(key, found);
    length += key.length;
    return found;
  };
  return {
    get(name: unknown, labels: unknown, kind?: { isCounter: boolean }): SeriesIdentity | string {
      const make = () => {
        const checked = checkSeries(name, labels);
        if (typeof checked === 'string') return checked;
        // Labels in another order, or empty ones, make the same series.
        return recall(`is ${isCounter}\n${checked.key}`, () => (kind ? { ...checked, ...kind } : checked));
      };
      const isCounter = kind?.isCounter === true;
      if (typeof name !== 'string' || name.length > MAX_REMEMBERED_LENGTH) return make();
      const sent = labels === undefined ? name : `${name}\n${JSON.stringify(labels)}`;
      return sent.length > MAX_REMEMBERED_LENGTH ? make() : recall(`as ${isCounter}\n${sent}`, make);
    },
  };
}

/** Of the whole process: what a name and labels mean depends on nothing else. */
const identities = rememberIdentities();

/** PostgreSQL's text and jsonb hold no half of a surrogate pair. */
const LONE_SURROGATE = /\p{Cs}/u;

/** The identity that the contract sees in these, or what is wrong with them. */
function checkSeries(name: unknown, labels: unknown): SeriesIdentity | string {
  // A name of megabytes, or a million labels, are refused before each character of them is looked at.
  if (typeof name === 'string' && name.trim().length > MAX_NAME_LENGTH)
    return `series: the name is longer than ${MAX_NAME_LENGTH} characters`;
  if (typeof labels === 'object' && labels !== null && Object.keys(labels).length > MAX_LABELS)
    return `labels: more than ${MAX_LABELS} labels`;
  const checkedName = SeriesName.safeParse(name);
  if (!checkedName.success) return `series: ${checkedName.error.issues[0]!.message}`;
  if (LONE_SURROGATE.test(checkedName.data)) return 'series: the name is not valid Unicode';
  if (labels === undefined) return identify(checkedName.data);
  const checkedLabels = Labels.safeParse(labels);
  if (!checkedLabels.success) return `labels: ${checkedLabels.error.issues[0]!.message}`;
  if (Object.entries(checkedLabels.data).some((pair) => pair.some((text) => LONE_SURROGATE.test(text))))
    return 'labels: not valid Unicode';
  return identify(checkedName.data, checkedLabels.data);
}

/** Times that a Date can hold. */
const MAX_DATE_MS = 8.64e15;

const instant = (ms: number): string =>
  Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : `${ms} ms`;

const outside = (timeMs: number, { oldestMs, newestMs }: Acceptance): string =>
  `${instant(timeMs)} is not in [${instant(oldestMs)}, ${instant(newestMs)}), the times that are taken`;

/** Refusals of several sources, one for each reason; the first stays first. */
export function mergeRefusals(refusals: readonly Refusal[]): Refusal[] {
  const merged = new Map<RefusalReason, Refusal>();
  for (const refusal of refusals) {
    const earlier = merged.get(refusal.reason);
    merged.set(refusal.reason, earlier ? { ...earlier, count: earlier.count + refusal.count } : refusal);
  }
  return [...merged.values()];
}

/** Of all that came nothing could be written: each reason, and the first of each. */
export class NothingWritten extends RequestError {
  constructor(override readonly refused: Refusal[]) {
    const kinds = refused.map(({ reason, count }) => `${count} ${reason}`).join(', ');
    const { at, detail } = refused[0]!.first;
    const errors = refused.map(({ first }) => first);
    super(400, `No sample was written: ${kinds}. The first, ${at}: ${detail}.`, errors, undefined, refused);
  }
}
