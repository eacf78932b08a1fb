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
/** Folding may take a twentieth of the time, so that writing keeps the rest; but nobody waits longer than this for it. */
const REST = 19;
const MAX_REST_MS = 5_000;
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
  private inferring: Promise<void> = Promise.resolve();
  private isEnding = false;

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
    this.isEnding = false;
    await this.inferring;
  }

  private take(noteId: string, touched: Written['touched']): void {
    this.noteIds.push(noteId);
    this.gathered.add(touched);
    this.following ??= this.follow();
  }

  private async follow(): Promise<void> {
    let restMs = GATHER_MS;
    while (this.noteIds.length > 0) {
      if (!this.isEnding) await new Promise((resolve) => setTimeout(resolve, restMs));
      const from = performance.now();
      const isFolded = await this.fold();
      if (!isFolded && this.isEnding) break;
      restMs = Math.min(MAX_REST_MS, Math.max(GATHER_MS, REST * (performance.now() - from)));
    }
    this.following = undefined;
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
    if (due.length > 0) this.inferring = this.inferring.then(() => this.infer(due));
  }

  private async infer(ids: readonly number[]): Promise<void> {
    const looks = await this.attempt('period', () => this.series.inferPeriods(ids));
    this.periods.looked(ids, looks ?? new Map());
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
