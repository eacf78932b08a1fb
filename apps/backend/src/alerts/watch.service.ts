import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { Database } from '../database/database';
import { publish } from '../database/live';
import { BreachService } from './breach.service';
import { IncidentService } from './incident.service';
import {
  type Decisions,
  hasLimits,
  isLive,
  limitOf,
  nextTurns,
  type Open,
  openBySeries,
  opening,
  type Seen,
  SERIES_PER_LOOK,
  SIGHT_MS,
} from './look';
import { ProfileStore, type Watched } from './profile.store';
import type { FactsByKind } from './statement';
import {
  beat,
  frozenAfter,
  MOST,
  newestRun,
  paceOf,
  type Profile,
  profileOf,
  type Pulse,
  samplesToSee,
  wasLive,
} from './watch';
import { type OpenAlert, type Samples, WatchStore } from './watch.store';

/** How long a start, or a pause of the looks, is taken for the reason that nothing came. */
const GRACE_MS = 120_000;
const LONGEST_PAUSE_MS = 30_000;
/** What is known of all series is read again so often. */
const REFRESH_MS = 20_000;
/** A profile is made again so often, and tried again where there was too little; so many in one look. */
const PROFILE_MS = 86_400_000;
const RETRY_MS = 600_000;
const PROFILES_PER_LOOK = 10;

/** Watches what series do beside their values, and what forecasts say of their limits; alerts of its own follow. */
@Injectable()
export class WatchService {
  private readonly pulses = new Map<number, Pulse>();
  private readonly notedMs = new Map<number, number>();
  /** The newest sample at which a series' samples were read. */
  private readonly seenMs = new Map<number, number>();
  private readonly triedMs = new Map<number, number>();
  private watched: Watched[] = [];
  private refreshedMs = -Infinity;
  private beganMs = -Infinity;
  private lookedMs = -Infinity;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(WatchStore) private readonly store: WatchStore,
    @Inject(ProfileStore) private readonly profiles: ProfileStore,
    @Inject(BreachService) private readonly limits: BreachService,
    @Inject(IncidentService) private readonly incidents: IncidentService,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /** Fails with DatabaseAway when nothing can be seen. */
  async look(): Promise<void> {
    const nowMs = this.now();
    const beforeMs = this.lookedMs;
    if (nowMs - beforeMs > LONGEST_PAUSE_MS) this.beganMs = nowMs;
    const newest = await this.profiles.newest();
    if (nowMs - this.refreshedMs >= REFRESH_MS) await this.refresh(nowMs);
    const open = openBySeries(await this.store.open());
    await this.learn(open, nowMs);

    const seen = this.watched.flatMap((series): Seen[] => {
      const lastMs = newest.get(series.id);
      return lastMs === undefined
        ? []
        : [{ series, lastMs, pulse: this.feel(series, lastMs, { nowMs, beforeMs }) }];
    });
    const decisions: Decisions = { begin: [], end: [], restate: [] };
    await this.silent(seen, open, nowMs, decisions);
    await this.samples(seen, open, nowMs, decisions);
    await this.limits.decide(seen, open, nowMs, decisions);
    this.unwanted(open, decisions, nowMs);
    await this.write(decisions, new Date(nowMs));
    await this.note(seen, nowMs);
    this.lookedMs = nowMs;
  }

  private async refresh(nowMs: number): Promise<void> {
    this.watched = await this.profiles.watched();
    this.refreshedMs = nowMs;
    const known = new Set(this.watched.map(({ id }) => id));
    for (const map of [this.pulses, this.notedMs, this.seenMs, this.triedMs])
      for (const id of map.keys()) if (!known.has(id)) map.delete(id);
  }

  /** Makes the profiles that are missing or a day old, some at a time; not of a series that is not as usual. */
  private async learn(open: Open, nowMs: number): Promise<void> {
    const isDue = ({ id, madeMs }: Watched) =>
      nowMs - (madeMs ?? -Infinity) > PROFILE_MS && nowMs - (this.triedMs.get(id) ?? -Infinity) > RETRY_MS;
    const due = this.watched
      .filter((series) => isDue(series) && !open.has(series.id))
      .slice(0, PROFILES_PER_LOOK);
    if (due.length === 0) return;
    const samples = await this.store.samples(due.map(({ id }) => ({ id, count: MOST })));
    const made = new Map<number, Profile>();
    for (const series of due) {
      this.triedMs.set(series.id, nowMs);
      const { timesMs, values } = samples.get(series.id) ?? { timesMs: [], values: [] };
      const profile = profileOf(timesMs, values, series.periodMs);
      if (!profile) continue;
      made.set(series.id, profile);
      Object.assign(series, { profile, madeMs: nowMs });
    }
    if (made.size > 0) await this.profiles.saveProfiles(made, new Date(nowMs));
  }

  private feel(
    series: Watched,
    lastMs: number,
    { nowMs, beforeMs }: { nowMs: number; beforeMs: number },
  ): Pulse {
    const before = this.pulses.get(series.id);
    const limitMs = limitOf(series, before?.delayMs ?? series.delayMs ?? 0);
    const pulse = beat(before, lastMs, { nowMs, beforeMs, limitMs });
    if (!before && series.liveMs !== null) {
      pulse.liveMs = series.liveMs;
      pulse.delayMs = series.delayMs ?? 0;
    }
    this.pulses.set(series.id, pulse);
    return pulse;
  }

  private async silent(
    seen: readonly Seen[],
    open: Open,
    nowMs: number,
    { begin, end }: Decisions,
  ): Promise<void> {
    const over = seen.flatMap(({ series, lastMs }) => {
      const alert = open.get(series.id)?.silent;
      return alert && lastMs >= alert.startsMs ? [{ alert, lastMs }] : [];
    });
    for (const { alert, lastMs } of over.slice(0, SERIES_PER_LOOK))
      end.push({
        id: alert.id,
        endsMs: (await this.store.firstAfter(alert.seriesId, alert.startsMs - 1)) ?? lastMs,
      });
    const quiet = seen
      .filter((one) => !open.get(one.series.id)?.silent && this.isSilent(one, nowMs))
      .slice(0, SERIES_PER_LOOK);
    const samples = await this.store.samples(quiet.map(({ series }) => ({ id: series.id, count: 1 })));
    for (const { series, lastMs } of quiet) {
      const value = samples.get(series.id)?.values[0];
      const facts = { periodMs: series.periodMs };
      const startsMs = lastMs + series.periodMs;
      if (value !== undefined)
        begin.push(opening(series, 'silent', { startsMs, peakMs: lastMs, value, facts }));
    }
  }

  /** One that reported live, for longer than usual without a sample; not for what may be our own absence. */
  private isSilent({ series, lastMs, pulse }: Seen, nowMs: number): boolean {
    if (!series.kinds.includes('silent') || !wasLive(pulse, 2 * SIGHT_MS)) return false;
    const isForgiven = nowMs - this.beganMs < Math.max(GRACE_MS, 3 * series.periodMs);
    return !isForgiven && nowMs - lastMs >= limitOf(series, pulse.delayMs);
  }

  /** What the newest samples say of those that went on since they were read, some at a time. */
  private async samples(
    seen: readonly Seen[],
    open: Open,
    nowMs: number,
    decisions: Decisions,
  ): Promise<void> {
    const due = nextTurns(seen, this.seenMs);
    const asked = due.map(({ series }) => ({
      id: series.id,
      count: samplesToSee(frozenAfter(series.profile, series)),
    }));
    const samples = await this.store.samples(asked);
    for (const one of due) {
      this.seenMs.set(one.series.id, one.lastMs);
      const found = samples.get(one.series.id);
      if (!found) continue;
      const live = isLive(one, nowMs);
      const { frozen, cadence } = open.get(one.series.id) ?? {};
      await this.frozen(one.series, found, { alert: frozen, live }, decisions);
      this.cadence(one.series, found, { alert: cadence, live }, decisions);
    }
  }

  private async frozen(
    series: Watched,
    { timesMs, values }: Samples,
    { alert, live }: { alert: OpenAlert | undefined; live: boolean },
    { begin, end, restate }: Decisions,
  ): Promise<void> {
    const count = newestRun(values);
    const value = values.at(-1)!;
    const lastMs = timesMs.at(-1)!;
    const limit = frozenAfter(series.profile, series);
    if (alert) {
      const brokenMs = await this.store.firstAfter(series.id, alert.startsMs, alert.value);
      if (brokenMs !== null) end.push({ id: alert.id, endsMs: brokenMs });
      else if (count > 2 * (alert.facts as FactsByKind['frozen']).count)
        restate.push({
          id: alert.id,
          peakMs: lastMs,
          value,
          facts: { ...alert.facts, count },
        });
      return;
    }
    if (!live || count < limit || !series.kinds.includes('frozen')) return;
    const startsMs =
      (await this.store.runSince(series.id, value, lastMs)) ?? timesMs[timesMs.length - count]!;
    const facts = { count, usual: series.profile!.longestRun };
    begin.push(opening(series, 'frozen', { startsMs, peakMs: lastMs, value, facts }));
  }

  private cadence(
    series: Watched,
    { timesMs, values }: Samples,
    { alert, live }: { alert: OpenAlert | undefined; live: boolean },
    { begin, end }: Decisions,
  ): void {
    const pace = paceOf(timesMs, series, series.profile, series);
    const lastMs = timesMs.at(-1)!;
    if (alert && !pace) end.push({ id: alert.id, endsMs: lastMs });
    if (alert || !pace || !live || !series.kinds.includes('cadence')) return;
    const { sinceMs, paceMs } = pace;
    const facts = { periodMs: series.periodMs, paceMs };
    begin.push(
      opening(series, 'cadence', { startsMs: sinceMs, peakMs: lastMs, value: values.at(-1)!, facts }),
    );
  }

  /** What nobody asks for any more: of kinds that a rule leaves out, of limits that are gone, of series that nobody watches. */
  private unwanted(open: Open, { end }: Decisions, nowMs: number): void {
    const watched = new Map(this.watched.map((series) => [series.id, series]));
    for (const [seriesId, alerts] of open) {
      const series = watched.get(seriesId);
      for (const alert of Object.values(alerts)) {
        const isAsked = series?.kinds.includes(alert.kind) && (alert.kind !== 'breach' || hasLimits(series));
        if (!isAsked && !end.some(({ id }) => id === alert.id)) end.push({ id: alert.id, endsMs: nowMs });
      }
    }
  }

  private async write({ begin, end, restate }: Decisions, now: Date): Promise<void> {
    if (begin.length + end.length + restate.length === 0) return;
    const changed = await this.database.transaction(async (queries) => {
      await this.store.lock(queries);
      const ended = end.length > 0 ? await this.store.end(queries, end) : [];
      const begun = begin.length > 0 ? await this.store.begin(queries, begin) : [];
      const restated = restate.length > 0 ? await this.store.restate(queries, restate) : [];
      const touched = [...ended, ...begun].map(({ id }) => id);
      await this.incidents.follow(queries, { fired: begun.map(({ id }) => id), touched }, now);
      return [...ended, ...begun, ...restated];
    });
    const seriesIds = [...new Set(changed.map(({ seriesId }) => seriesId))];
    if (seriesIds.length > 0) await publish(this.database, { type: 'alerts', seriesIds });
  }

  /** Writes down which series report live, each once in an hour. */
  private async note(seen: readonly Seen[], nowMs: number): Promise<void> {
    const due = seen.filter(
      ({ series, pulse }) =>
        pulse.liveMs === nowMs &&
        nowMs - (this.notedMs.get(series.id) ?? series.liveMs ?? -Infinity) > SIGHT_MS,
    );
    if (due.length === 0) return;
    await this.profiles.saveLive(new Map(due.map(({ series, pulse }) => [series.id, pulse])));
    for (const { series } of due) this.notedMs.set(series.id, nowMs);
  }
}
