import { Inject, Injectable } from '@nestjs/common';
import type {
  Matcher,
  Silence as Shown,
  SilenceChange,
  SilenceInput,
  SilencePreview,
} from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { BadInput, Conflict, NotFound } from '../http/problem';
import { testOf, whyNot } from './matcher';
import {
  changed,
  currentAt,
  hasBegun,
  nextAfter,
  type Occurrence,
  planned,
  type Refusal,
  stateAt,
} from './silence';
import { type Candidate, SilenceStore, type StoredSilence } from './silence.store';

const MOST_SILENCES = 500;
const MOST_EXAMPLES = 5;
const STATES = ['active', 'upcoming', 'past'] as const;

/** What a person does with silences; who sends and who trains asks the stores what they hold. */
@Injectable()
export class SilenceService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(SilenceStore) private readonly store: SilenceStore,
  ) {}

  /** Active ones first, then those to come, the soonest first, then at most so many past ones, the newest first. */
  async list(past: number): Promise<Shown[]> {
    const nowMs = this.now();
    const all = (await this.store.all(new Date(nowMs), past)).map((one) => shown(one, nowMs));
    return all.toSorted(
      (a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state) || placeOf(a) - placeOf(b) || b.id - a.id,
    );
  }

  async read(id: number): Promise<Shown> {
    const silence = await this.store.byId(id);
    if (!silence) throw new NotFound('silence', id);
    return shown(silence, this.now());
  }

  async add({ kind, matchers, schedule: input, comment }: SilenceInput): Promise<Shown> {
    const nowMs = this.now();
    refuse(whyNot(matchers));
    const schedule = accepted(planned(input, kind, nowMs));
    const id = await this.store.add({ kind, matchers, schedule, comment }, new Date(nowMs), MOST_SILENCES);
    if (id === undefined)
      throw new Conflict(`There are ${MOST_SILENCES} silences that are not over: end one to make room.`);
    return this.read(id);
  }

  async change(id: number, change: SilenceChange): Promise<Shown> {
    const nowMs = this.now();
    if (change.matchers) refuse(whyNot(change.matchers));
    const silence = await this.store.change(id, new Date(nowMs), (before) =>
      accepted(changed(before, change, nowMs)),
    );
    if (!silence) throw new NotFound('silence', id);
    return this.read(id);
  }

  async end(id: number, by: string): Promise<Shown> {
    const isEnded = await this.store.end(id, by, new Date(this.now()));
    const silence = await this.read(id);
    if (!isEnded) throw new Conflict(`Silence ${id} is over already; there is nothing left to end.`);
    return silence;
  }

  async remove(id: number): Promise<void> {
    const silence = await this.store.remove(id, (before) => {
      if (hasActed(before))
        throw new Conflict(
          `Silence ${id} has acted (${deedsOf(before)}), and what it has done stays on record: end it instead.`,
        );
    });
    if (!silence) throw new NotFound('silence', id);
  }

  async preview(matchers: Matcher[]): Promise<SilencePreview> {
    refuse(whyNot(matchers));
    const matches = testOf(matchers);
    const found = { count: 0, firing: 0, examples: [] as Candidate[] };
    for await (const candidates of this.store.candidates(matchers)) {
      const matching = candidates.filter(matches);
      found.count += matching.length;
      found.firing += matching.filter(({ isFiring }) => isFiring).length;
      found.examples = [...found.examples, ...matching]
        .toSorted((a, b) => Number(b.isFiring) - Number(a.isFiring))
        .slice(0, MOST_EXAMPLES);
    }
    return found;
  }
}

function refuse(refusal: Refusal | undefined): void {
  if (refusal) throw new BadInput(`${refusal.at}: ${refusal.detail}.`, [refusal]);
}

function accepted<T extends object>(result: T | Refusal): T {
  if ('detail' in result) refuse(result);
  return result as T;
}

/** Whether something came of it that a later reader will ask about. */
const hasActed = (silence: StoredSilence): boolean => silence.held > 0 || wasLeftOut(silence);

const wasLeftOut = (silence: StoredSilence): boolean =>
  silence.kind === 'maintenance' &&
  silence.trainedAtMs !== null &&
  silence.trainedAtMs >= silence.createdAtMs &&
  hasBegun(silence, silence.trainedAtMs);

const deedsOf = (silence: StoredSilence): string =>
  silence.held > 0 ? `notifications held back: ${silence.held}` : 'a training has left its samples out';

/** Where it stands among those of its state. */
function placeOf({ state, current, next, endedAt, schedule }: Shown): number {
  if (state === 'active') return Date.parse(current!.to);
  if (state === 'upcoming') return Date.parse(next!.from);
  return -Date.parse(endedAt ?? (schedule.kind === 'once' ? schedule.to : schedule.until!));
}

function shown(silence: StoredSilence, nowMs: number): Shown {
  const { id, kind, matchers, schedule, comment, createdAtMs, endedAtMs, endedBy, held } = silence;
  return {
    ...{ id, kind, matchers, schedule, comment, endedBy, held },
    createdAt: new Date(createdAtMs).toISOString(),
    endedAt: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
    state: stateAt(silence, nowMs),
    current: inWords(currentAt(silence, nowMs)),
    next: inWords(nextAfter(silence, nowMs)),
    hasBegun: hasBegun(silence, nowMs),
    hasActed: hasActed(silence),
  };
}

const inWords = (occurrence: Occurrence | undefined): Shown['current'] =>
  occurrence === undefined
    ? null
    : { from: new Date(occurrence.from).toISOString(), to: new Date(occurrence.to).toISOString() };
