import { setTimeout } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { DatabaseAway } from './database';
import { type Job, PoliciesStore, type Stale } from './policies.store';

/** A slice of a refresh that took less is followed by a wider one, and one that took more by a narrower one; ms. */
const SHORT_MS = 50;
const LONG_MS = 150;
/** Rows of a slice of several buckets: what comes after a gap may be much denser than what came before. */
const SLICE_ROWS = 50_000;
/** After a slice others have so many times as long, within reason. */
const OTHERS_SHARE = 4;
const LONGEST_PAUSE_MS = 5_000;

/** Buckets of the next slice. */
export function nextWidth(width: number, tookMs: number): number {
  if (tookMs < SHORT_MS) return width * 4;
  return tookMs > LONG_MS ? Math.max(1, Math.floor(width / 2)) : width;
}

/** Runs TimescaleDB's policies where it has no workers of its own: on the embedded database. */
@Injectable()
export class PoliciesSchedule implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('policies');
  private readonly lastRun = new Map<number, number>();
  private isBusy = false;
  private isStopped = false;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(PoliciesStore) private readonly store: PoliciesStore,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.store.setRetention(this.config.RETENTION_DAYS);
  }

  onApplicationShutdown(): void {
    this.isStopped = true;
  }

  @Interval(20_000)
  async tick(): Promise<void> {
    if (this.isBusy || this.config.DATABASE_URL) return;
    this.isBusy = true;
    try {
      await this.runDue();
    } catch (error) {
      if (!(error instanceof DatabaseAway)) this.logger.error({ err: error }, 'policies could not be listed');
    } finally {
      this.isBusy = false;
    }
  }

  /** Runs every policy whose interval has passed; one that fails does not stop the others. */
  async runDue(): Promise<void> {
    for (const job of await this.store.jobs()) {
      if (this.now() - (this.lastRun.get(job.id) ?? 0) < job.everyMs) continue;
      this.lastRun.set(job.id, this.now());
      try {
        await (job.aggregate === null ? this.store.run(job.id) : this.refresh(job, job.aggregate));
      } catch (error) {
        if (error instanceof DatabaseAway) throw error;
        this.logger.error({ err: error, job: job.id }, 'a policy failed');
      }
    }
  }

  /**
   * The database does nothing else while it refreshes, so that is done in slices that take a moment each, and others
   * have their turn between two of them.
   */
  private async refresh(job: Job, aggregate: string): Promise<void> {
    const stale = await this.store.stale(job);
    if (!stale) return;
    await this.store.analyze();
    let width = 1;
    for (let atMs = stale.fromMs; atMs < stale.toMs && !this.isStopped;) {
      const began = performance.now();
      await this.store.summarize();
      width = await this.fitting(width, stale, atMs);
      const endMs = Math.min(stale.toMs, atMs + width * stale.bucketMs);
      await this.store.refresh(aggregate, atMs, endMs);
      const tookMs = performance.now() - began;
      width = nextWidth(width, tookMs);
      atMs = endMs;
      if (atMs < stale.toMs) await setTimeout(Math.min(OTHERS_SHARE * tookMs, LONGEST_PAUSE_MS));
    }
  }

  /** So many buckets from a time on, or as many as have not too many rows; one at the least. */
  private async fitting(width: number, { bucketMs, source }: Stale, atMs: number): Promise<number> {
    let fits = width;
    while (fits > 1 && !(await this.store.isSparse(source, atMs, atMs + fits * bucketMs, SLICE_ROWS)))
      fits = Math.floor(fits / 2);
    return fits;
  }
}
