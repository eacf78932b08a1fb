import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { Database, type Queries } from '../database/database';
import { publish } from '../database/live';
import { validAt } from '../registry/rule';
import { RuleStore } from '../registry/rule.store';
import { type AlertRules, type Begun, follow, hasFired, isAnomaly, longest, memory } from './alert';
import { resume, runStart, type Scored } from './alert';
import { correct, type Correction, type StoredAlert } from './correction';
import { type AlertWrite, CorrectionStore, type From } from './correction.store';
import { IncidentService } from './incident.service';

/** What one transaction takes on: so many series, or so many scores. */
const MOST_SERIES = 100;
const MOST_SCORES = 25_000;

/** A series whose alerts are to be reviewed from a time on, by the rule of its detector. */
export interface Review extends From {
  detector: { id: number };
}

type Ruled = From & { rules: AlertRules };

/** Strangest samples that are looked at together. */
const PAGE = 500;

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
    @Inject(IncidentService) private readonly incidents: IncidentService,
    @Inject(RuleStore) private readonly rules: RuleStore,
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
  private async correctBatch(queries: Queries, reviews: Review[]): Promise<number[]> {
    await this.store.lock(queries);
    const batch = await this.ruled(queries, reviews);
    const memories = await this.recall(queries, batch);
    const firing = await this.firingBefore(queries, batch, memories);
    const calm = most(batch, ({ rules, from }) => longest(rules, 'resolveAfter', { from }));
    const since = await this.store.since(queries, batch, calm);
    const newest = await this.store.newest(
      queries,
      batch.map(({ seriesId }) => seriesId),
    );

    const nowMs = this.now();
    const corrections = new Map<number, Correction>();
    for (const { seriesId, rules } of batch) {
      const { before, stored } = memories.get(seriesId)!;
      const state = resume(firing.get(seriesId), before, rules);
      const { alerts } = follow(state, since.get(seriesId) ?? [], rules);
      corrections.set(seriesId, correct(stored, alerts, { nowMs, newestMs: newest.get(seriesId) ?? nowMs }));
    }
    const rules = new Map(batch.map((one) => [one.seriesId, one.rules]));
    return this.write(queries, corrections, { rules, now: new Date(nowMs) });
  }

  /** With the rules as they are now, whatever they were when the samples were scored. */
  private async ruled(queries: Queries, reviews: Review[]): Promise<Ruled[]> {
    const ids = [...new Set(reviews.map(({ detector }) => detector.id))];
    const versions = await this.rules.versions(queries, ids);
    return reviews.flatMap(({ seriesId, from, detector }) => {
      const rules = versions.get(detector.id);
      return rules ? [{ seriesId, from, rules }] : [];
    });
  }

  private async recall(queries: Queries, batch: Ruled[]): Promise<Map<number, Memory>> {
    const before = await this.before(queries, batch);
    // A run that began before `from` may be an alert already, kept though the scores no longer showed it.
    const spans = batch.map(({ seriesId, from, rules }) => ({
      seriesId,
      from: runStart(before.get(seriesId)!, rules) ?? from,
    }));
    const stored = await this.store.stored(queries, spans);
    return new Map(
      batch.map(({ seriesId }) => [
        seriesId,
        { before: before.get(seriesId)!, stored: stored.get(seriesId) ?? [] },
      ]),
    );
  }

  /** What each series' machine has to see of the time before: as much as the rule of its newest sample there asks for. */
  private async before(queries: Queries, batch: Ruled[]): Promise<Map<number, Scored[]>> {
    const guess = most(batch, ({ rules, from }) => memory(validAt(rules, from)));
    let found = await this.store.before(queries, batch, guess);
    const needs = new Map(
      batch.map(({ seriesId, rules }) => {
        const newest = found.get(seriesId)?.at(-1);
        return [seriesId, newest ? memory(validAt(rules, newest.time)) : 0];
      }),
    );
    const needed = Math.max(0, ...needs.values());
    if (needed > guess) found = await this.store.before(queries, batch, needed);
    return new Map(
      [...needs].map(([seriesId, need]) => [
        seriesId,
        need === 0 ? [] : (found.get(seriesId) ?? []).slice(-need),
      ]),
    );
  }

  /** The alert of each series that had fired, and had not ended, before `from`; with its peak until then. */
  private async firingBefore(queries: Queries, batch: Ruled[], memories: Map<number, Memory>) {
    const covering = batch.flatMap(({ seriesId, from, rules }) =>
      memories
        .get(seriesId)!
        .stored.filter(({ startsAt, endsAt }) => startsAt < from && (!endsAt || endsAt >= from))
        .map((alert) => ({ seriesId, from: alert.startsAt, to: from, rules, alert })),
    );
    const firing = new Map<number, Begun>();
    if (covering.length === 0) return firing;
    const length = most(covering, ({ rules, from, to }) => longest(rules, 'fireAfter', { from, to }));
    const openings = await this.store.opening(queries, covering, length);
    for (const [at, span] of covering.entries()) {
      const { seriesId, from, to, rules, alert } = span;
      const opening = openings[at]!.slice(0, longest(rules, 'fireAfter', { from, to }));
      if (firing.has(seriesId) || !hasFired(alert.startsAt, opening, rules)) continue;
      // A peak in the stretch under review may have been another when it was stored.
      const peak = alert.peak.time < to ? alert.peak : await this.peak(queries, span);
      firing.set(seriesId, { startsAt: alert.startsAt, peak: peak ?? alert.peak });
    }
    return firing;
  }

  /** The strangest anomaly of a series in [from, to). */
  private async peak(queries: Queries, span: Ruled & { to: Date }): Promise<Scored | undefined> {
    for (let offset = 0; ; offset += PAGE) {
      const page = await this.store.strangest(queries, span, { limit: PAGE, offset });
      const peak = page.find((sample) => isAnomaly(sample, validAt(span.rules, sample.time)));
      if (peak || page.length < PAGE) return peak;
    }
  }

  private async write(
    queries: Queries,
    corrections: Map<number, Correction>,
    { rules, now }: { rules: ReadonlyMap<number, AlertRules>; now: Date },
  ): Promise<number[]> {
    const all = [...corrections.values()];
    const changes = writesOf(corrections, 'change', rules);
    const additions = writesOf(corrections, 'add', rules);
    const remove = all.flatMap((correction) => correction.remove);
    const withdraw = all.flatMap((correction) => correction.withdraw);

    const bereft = remove.length > 0 ? await this.store.remove(queries, remove) : [];
    const withdrawn = new Set(withdraw.length > 0 ? await this.store.withdraw(queries, withdraw) : []);
    // One alert of a series may be open at a time: what ends goes first.
    const [ending, opening] = [changes.filter(isEnded), changes.filter((alert) => !isEnded(alert))];
    if (ending.length > 0) await this.store.change(queries, ending);
    if (opening.length > 0) await this.store.change(queries, opening);
    const added = additions.length > 0 ? await this.store.add(queries, additions) : [];

    const news = added.filter(({ isHistory }) => !isHistory).map(({ id }) => id);
    const fired = [...news, ...all.flatMap(({ revive }) => revive)];
    const touched = [...added.map(({ id }) => id), ...changes.map(({ id }) => id!), ...withdrawn];
    await this.incidents.follow(queries, { fired, touched, bereft }, now);
    return [...corrections].filter(([, correction]) => hasEffect(correction, withdrawn)).map(([id]) => id);
  }
}

const isEnded = ({ stretch }: AlertWrite): boolean => stretch.endsAt !== null;

const hasEffect = ({ remove, withdraw, change, add }: Correction, withdrawn: Set<number>): boolean =>
  remove.length + change.length + add.length > 0 || withdraw.some((id) => withdrawn.has(id));

/** With the severity that the rule had when each began. */
const writesOf = (
  corrections: Map<number, Correction>,
  kind: 'change' | 'add',
  rules: ReadonlyMap<number, AlertRules>,
): AlertWrite[] =>
  [...corrections].flatMap(([seriesId, correction]) =>
    correction[kind].map((write) => {
      const { severity = 'warning' } = validAt(rules.get(seriesId)!, write.stretch.startsAt);
      return { seriesId, severity, ...write };
    }),
  );

const most = <T>(ones: readonly T[], of: (one: T) => number): number => Math.max(0, ...ones.map(of));

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
