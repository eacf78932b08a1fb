import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database, DatabaseAway } from '../database/database';
import { publish } from '../database/live';
import { SeriesService } from '../series/series.service';
import type { Written } from './ingest.store';
import { schedulePeriods } from './period-schedule';
import { Gathered } from './touched';
import { TouchedStore } from './touched.store';

/** Series whose samples arrive within this time are folded and told of together. */
const GATHER_MS = 100;
/** While samples are written, folding and looking for periods may take a twentieth of the time each; but nobody waits longer than this. */
const REST = 19;
const MAX_REST_MS = 15_000;
/** Without a statement for so long, nothing is written now. */
const QUIET_MS = 1_000;
/** Between two attempts while the database is away. */
const AWAY_MS = 1_000;
/** Series whose periods are looked for at once. */
const LOOKS = 500;
/** The watermarks of one statement: more would hold up the writer. */
const PART = 1_000;

/** What follows from samples that are written, and need not be waited for: watermarks, rates, a live event, the period of new series. */
@Injectable()
export class ArrivalService {
  private readonly logger = new Logger('ingest');
  private readonly periods = schedulePeriods();
  private gathered = new Gathered();
  private noteIds: string[] = [];
  /** Notes whose stretches are being folded. */
  private folding: string[] = [];
  private following: Promise<void> | undefined;
  private readonly due = new Set<number>();
  private inferring: Promise<void> | undefined;
  private isEnding = false;
  private wroteAtMs = -Infinity;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SeriesService) private readonly series: SeriesService,
    @Inject(TouchedStore) private readonly touched: TouchedStore,
  ) {}

  /** Takes note of what a statement wrote, and of the samples of each series; returns at once. */
  arrived(
    { noteId, touched }: Written,
    rows: ReadonlyMap<number, number>,
    hasPeriod: (id: number) => boolean,
  ): void {
    this.take(noteId, touched);
    this.look(this.periods.wrote(rows, hasPeriod));
  }

  /** Takes up what a process that ended has written and not folded. */
  async adopt(): Promise<void> {
    const own = [...this.noteIds, ...this.folding];
    const abandoned = await this.attempt('notes of an earlier process', () => this.touched.abandoned(own));
    for (const { id, touched } of abandoned ?? []) this.take(id, touched);
  }

  /** Ends once everything written so far is folded, told of and has its period; what fails now is left to the next process. */
  async drain(): Promise<void> {
    this.isEnding = true;
    await this.following;
    await this.inferring;
    this.isEnding = false;
  }

  private take(noteId: string, touched: Written['touched']): void {
    this.noteIds.push(noteId);
    this.gathered.add(touched);
    this.wroteAtMs = performance.now();
    this.following ??= this.follow();
  }

  private async follow(): Promise<void> {
    let restMs = GATHER_MS;
    while (this.noteIds.length > 0) {
      await this.rest(restMs);
      const from = performance.now();
      const isFolded = await this.fold();
      if (!isFolded && this.isEnding) break;
      if (!isFolded) await sleep(AWAY_MS);
      restMs = Math.max(GATHER_MS, REST * (performance.now() - from));
    }
    this.following = undefined;
  }

  /** Ends after `ms`, or as soon as nothing is written any more: then nobody has to be left time for. */
  private async rest(ms: number): Promise<void> {
    const untilMs = performance.now() + Math.min(ms, MAX_REST_MS);
    const isDue = () => this.isEnding || performance.now() >= Math.min(untilMs, this.wroteAtMs + QUIET_MS);
    do await sleep(GATHER_MS);
    while (!isDue());
  }

  /** Folds what was gathered; where the database is away it is gathered again. */
  private async fold(): Promise<boolean> {
    const [gathered, noteIds] = [this.gathered, this.noteIds];
    [this.gathered, this.noteIds, this.folding] = [new Gathered(), [], noteIds];
    const changed = await this.attempt('watermarks', () => this.foldParts(gathered, noteIds));
    this.folding = [];
    if (!changed) {
      for (const part of gathered.parts(Infinity)) this.gathered.add(part);
      this.noteIds.push(...noteIds);
      return false;
    }
    this.look(this.periods.wrote(changed.rates, () => false));
    // Nobody can be told while the database is away; scoring finds what waits at its next look.
    await this.attempt('live event', () =>
      publish(this.database, { type: 'samples', seriesIds: changed.seriesIds }),
    );
    return true;
  }

  private async foldParts(gathered: Gathered, noteIds: readonly string[]) {
    const seriesIds: number[] = [];
    const rates = new Map<number, number>();
    for (const part of gathered.parts(PART)) {
      const given = new Set(part.seriesIds);
      for (const id of await this.touched.fold(part)) {
        seriesIds.push(id);
        if (!given.has(id)) rates.set(id, 1);
      }
    }
    await this.touched.clear(noteIds);
    return { seriesIds, rates };
  }

  private look(due: readonly number[]): void {
    for (const id of due) this.due.add(id);
    if (due.length > 0) this.inferring ??= this.inferAll();
  }

  private async inferAll(): Promise<void> {
    while (this.due.size > 0) {
      const ids = [...this.due].slice(0, LOOKS);
      for (const id of ids) this.due.delete(id);
      const from = performance.now();
      const looks = await this.attempt('period', () => this.series.inferPeriods(ids));
      this.periods.looked(ids, looks ?? new Map());
      if (this.due.size > 0) await this.rest(REST * (performance.now() - from));
    }
    this.inferring = undefined;
  }

  private async attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof DatabaseAway) this.logger.warn(`${what}: ${error.message}`);
      else this.logger.error({ err: error as Error }, `${what}: unexpected error`);
      return undefined;
    }
  }
}
