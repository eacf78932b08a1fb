import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { Database, type Queries } from '../database/database';
import { publish } from '../database/live';
import { type AlertRule, follow, hasFired, isAnomaly, memory, resume, type Scored } from './alert';
import { correct, type Correction, type StoredAlert } from './correction';
import { type AlertWrite, CorrectionStore, type Review } from './correction.store';
import { NotificationStore } from './notification.store';

/** What one transaction takes on: so many series, or so many scores. */
const MOST_SERIES = 100;
const MOST_SCORES = 25_000;

/** What is known of a series before its review begins. */
interface Memory {
  before: Scored[];
  stored: StoredAlert[];
}

/** Keeps the stored alerts true to the stored scores, and writes whom to notify in the same transaction. */
@Injectable()
export class AlertService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(CorrectionStore) private readonly store: CorrectionStore,
    @Inject(NotificationStore) private readonly outbox: NotificationStore,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /**
   * Derives the alerts of these series again over [from, newest score]; to be called after every change of scores, with
   * `from` no later than the earliest score that changed. Idempotent; samples may have come in any order.
   */
  async review(reviews: readonly Review[]): Promise<void> {
    const each = earliestOfEach(reviews);
    if (each.length === 0) return;
    const eventful = await this.store.eventful(each);
    const changed: number[] = [];
    for (const batch of batches(
      each.filter(({ seriesId }) => eventful.has(seriesId)),
      eventful,
    ))
      changed.push(...(await this.database.transaction((queries) => this.correctBatch(queries, batch))));
    if (changed.length > 0) await publish(this.database, { type: 'alerts', seriesIds: changed });
  }

  /** Returns the series whose alerts changed. */
  private async correctBatch(queries: Queries, batch: Review[]): Promise<number[]> {
    await this.store.lock(queries);
    const memories = await this.recall(queries, batch);
    const firing = await this.firingBefore(queries, batch, memories);
    const since = await this.store.since(queries, batch, longest(batch, 'resolveAfter'));
    const newest = await this.store.newest(
      queries,
      batch.map(({ seriesId }) => seriesId),
    );

    const nowMs = this.now();
    const corrections = new Map<number, Correction>();
    for (const { seriesId, detector } of batch) {
      const { before, stored } = memories.get(seriesId)!;
      const state = resume(firing.get(seriesId), before.slice(-memory(detector)), detector);
      const { alerts } = follow(state, since.get(seriesId) ?? [], detector);
      corrections.set(seriesId, correct(stored, alerts, { nowMs, newestMs: newest.get(seriesId) ?? nowMs }));
    }
    return this.write(queries, corrections, new Date(nowMs));
  }

  private async recall(queries: Queries, batch: Review[]): Promise<Map<number, Memory>> {
    const before = await this.store.before(
      queries,
      batch,
      Math.max(longest(batch, 'fireAfter'), longest(batch, 'resolveAfter')),
    );
    // A run that began before `from` may be an alert already, kept though the scores no longer showed it.
    const spans = batch.map(({ seriesId, from }) => {
      const known = before.get(seriesId) ?? [];
      const run = known[known.findLastIndex((sample) => !isAnomaly(sample)) + 1];
      return { seriesId, from: run?.time ?? from };
    });
    const stored = await this.store.stored(queries, spans);
    return new Map(
      batch.map(({ seriesId }) => [
        seriesId,
        { before: before.get(seriesId) ?? [], stored: stored.get(seriesId) ?? [] },
      ]),
    );
  }

  /** The alert of each series that had fired, and had not ended, before `from`; with its peak until then. */
  private async firingBefore(queries: Queries, batch: Review[], memories: Map<number, Memory>) {
    const covering = batch.flatMap(({ seriesId, from, detector }) =>
      memories
        .get(seriesId)!
        .stored.filter(({ startsAt, endsAt }) => startsAt < from && (!endsAt || endsAt >= from))
        .map((alert) => ({ seriesId, from: alert.startsAt, to: from, detector, alert })),
    );
    const firing = new Map<number, { startsAt: Date; peak: Scored }>();
    if (covering.length === 0) return firing;
    const openings = await this.store.opening(queries, covering, longest(batch, 'fireAfter'));
    for (const [at, { seriesId, to, detector, alert }] of covering.entries()) {
      const opening = openings[at]!.slice(0, detector.fireAfter);
      if (firing.has(seriesId) || !hasFired(alert.startsAt, opening, detector)) continue;
      const { startsAt } = alert;
      // A peak in the stretch under review may have been another when it was stored.
      const peak = alert.peak.time < to ? alert.peak : await this.store.peak(queries, seriesId, startsAt, to);
      firing.set(seriesId, { startsAt, peak: peak ?? alert.peak });
    }
    return firing;
  }

  private async write(queries: Queries, corrections: Map<number, Correction>, now: Date): Promise<number[]> {
    const all = [...corrections.values()];
    const changes = writesOf(corrections, 'change');
    const additions = writesOf(corrections, 'add');
    const remove = all.flatMap((correction) => correction.remove);
    const withdraw = all.flatMap((correction) => correction.withdraw);

    if (remove.length > 0) await this.store.remove(queries, remove);
    const withdrawn = new Set(withdraw.length > 0 ? await this.store.withdraw(queries, withdraw) : []);
    // One alert of a series may be open at a time: what ends goes first.
    const [ending, opening] = [changes.filter(isEnded), changes.filter((alert) => !isEnded(alert))];
    if (ending.length > 0) await this.store.change(queries, ending);
    if (opening.length > 0) await this.store.change(queries, opening);
    const news = additions.length > 0 ? await this.store.add(queries, additions) : [];

    const fired = [...news, ...all.flatMap(({ revive }) => revive)];
    const touched = [...news, ...changes.map(({ id }) => id!), ...withdrawn];
    if (fired.length > 0) await this.outbox.fire(queries, fired, now);
    if (touched.length > 0) await this.outbox.resolve(queries, touched, now);
    return [...corrections].filter(([, correction]) => hasEffect(correction, withdrawn)).map(([id]) => id);
  }
}

const isEnded = ({ stretch }: AlertWrite): boolean => stretch.endsAt !== null;

const hasEffect = ({ remove, withdraw, change, add }: Correction, withdrawn: Set<number>): boolean =>
  remove.length + change.length + add.length > 0 || withdraw.some((id) => withdrawn.has(id));

const writesOf = (corrections: Map<number, Correction>, kind: 'change' | 'add'): AlertWrite[] =>
  [...corrections].flatMap(([seriesId, correction]) =>
    correction[kind].map((write) => ({ seriesId, ...write })),
  );

const longest = (reviews: readonly Review[], key: keyof AlertRule): number =>
  Math.max(...reviews.map(({ detector }) => detector[key]));

function earliestOfEach(reviews: readonly Review[]): Review[] {
  const each = new Map<number, Review>();
  for (const review of reviews) {
    const known = each.get(review.seriesId);
    if (!known || review.from < known.from) each.set(review.seriesId, review);
  }
  return [...each.values()];
}

/** Parts of the reviews that one short transaction can do each. */
function batches(reviews: readonly Review[], scored: Map<number, number>): Review[][] {
  const result: Review[][] = [];
  let room = 0;
  for (const review of reviews) {
    const cost = scored.get(review.seriesId) ?? 0;
    const last = result.at(-1);
    if (last && last.length < MOST_SERIES && cost <= room) last.push(review);
    else {
      result.push([review]);
      room = MOST_SCORES;
    }
    room -= cost;
  }
  return result;
}
