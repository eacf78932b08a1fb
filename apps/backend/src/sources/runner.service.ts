import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import type { Refusal, SourceSettings } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { VaultService } from '../database/vault.service';
import { mergeRefusals, NothingWritten, type Decoded } from '../ingest/ingest';
import { IngestService } from '../ingest/ingest.service';
import { forget, workOf } from './kinds';
import { type Run, startRun, type Work } from './run';
import { addressOf, portionsOf, printable, printableRefusals, type Secrets } from './source';
import { SourceStore, type Holder, type StoredSource } from './source.store';
import type { Desk, Outcome } from './work';

/** A process that was killed keeps its sources for so long; one that lives asks again in half of it. */
const LEASE_MS = 15_000;
/** How long a shutdown waits for what is under way. */
const GRACE_MS = 3_000;

const PORTION_ROWS = 20_000;

interface Held {
  version: number;
  run: Run;
}

/** Runs the sources that this process has claimed, each on its own: one that is down never delays another. */
@Injectable()
export class RunnerService implements BeforeApplicationShutdown {
  private readonly logger = new Logger('sources');
  private readonly claimedBy = randomUUID();
  private readonly held = new Map<number, Held>();
  private readonly ending = new Map<number, Promise<void>>();
  private isEnding = false;

  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(SourceStore) private readonly store: SourceStore,
    @Inject(VaultService) private readonly vault: VaultService,
    @Inject(IngestService) private readonly ingest: IngestService,
  ) {}

  /** Starts what was added or enabled, ends what was not, and goes on with what is due; returns before that is done. */
  async tick(random: () => number): Promise<void> {
    if (this.isEnding) return;
    const claimed = await this.store.claim(this.claimedBy, LEASE_MS);
    if (this.isEnding) return;
    const versions = new Map(claimed.map(({ id, version }) => [id, version]));
    for (const [id, { version }] of this.held) if (versions.get(id) !== version) this.end(id);
    // An older version has left the broker before the newer one comes in.
    for (const source of claimed)
      if (!this.held.has(source.id) && !this.ending.has(source.id))
        this.held.set(source.id, { version: source.version, run: this.start(source) });
    for (const { run } of this.held.values()) run.tick(random);
  }

  /** Ends a source that was changed or deleted, if it runs here: nothing of it is written once this resolves. */
  async leave(before: StoredSource, after?: SourceSettings): Promise<void> {
    this.end(before.id, async () => forget(before.settings, after, await this.secretsOf(before)));
    await within(GRACE_MS, this.ending.get(before.id));
  }

  /** What is cut off here was not acknowledged, and comes again. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isEnding = true;
    for (const id of [...this.held.keys()]) this.end(id);
    await within(GRACE_MS, Promise.all(this.ending.values()));
    // Else another process, or the next start, would wait until the claim is over.
    await this.store.release(this.claimedBy).catch(() => undefined);
  }

  /** `afterwards` is done before it is started again; a broker that does not hear of it any more is no reason not to. */
  private end(id: number, afterwards: () => Promise<void> = () => Promise.resolve()): void {
    const run = this.held.get(id)?.run;
    this.held.delete(id);
    const before = this.ending.get(id);
    const ended = Promise.resolve(before)
      .then(() => run?.stop())
      .then(afterwards)
      .catch((error: unknown) => this.logger.warn({ err: error, source: id }, 'a source did not end cleanly'))
      .finally(() => this.ending.get(id) === ended && this.ending.delete(id));
    this.ending.set(id, ended);
  }

  private start(source: StoredSource): Run {
    const holder = { id: source.id, version: source.version, claimedBy: this.claimedBy };
    const run = startRun(
      this.opened(source, () => run.wake()),
      {
        now: this.now,
        failed: (error, failures) => {
          if (failures === 1)
            this.logger.warn({ source: source.id }, `The source "${source.name}" fails: ${error.message}`);
          return this.store.fail(holder, new Date(this.now()), printable(error.message));
        },
        broke: (error) => {
          this.logger.error({ err: error, source: source.id }, 'a source stumbled');
          const words = 'Something went wrong inside Bellwether; its log says what.';
          return this.store.fail(holder, new Date(this.now()), words);
        },
      },
    );
    return run;
  }

  /** The work of a source; its secrets are read in its first round, where a failure is its own. */
  private opened(source: StoredSource, wake: () => void): Work {
    let work: Work | undefined;
    const desk = this.deskOf(source);
    return {
      round: async () => {
        work ??= workOf({ ...source, secrets: await this.secretsOf(source) }, desk, wake);
        return work.round();
      },
      interrupt: () => work?.interrupt(),
      close: async () => work?.close(),
    };
  }

  private secretsOf({ sealed, settings }: StoredSource): Promise<Secrets> {
    return this.vault.open<Secrets>(sealed, addressOf(settings));
  }

  private deskOf(source: StoredSource): Desk {
    const holder: Holder = { id: source.id, version: source.version, claimedBy: this.claimedBy };
    let refused = source.refused;
    return {
      occasion: () => ({ nowMs: this.now(), accept: this.ingest.acceptance }),
      ensureRoom: () => this.ingest.ensureRoom(1),
      write: (decoded) => this.write(decoded),
      report: async (outcome) => {
        const all = mergeRefusals([...refused, ...printableRefusals(outcome.refused)]);
        await this.store.report(holder, { ...roundOf(outcome, this.now()), refused: all });
        refused = all;
      },
    };
  }

  /** Writes what can be written. What is refused is counted and passed over: it would be refused again. */
  private async write(decoded: Decoded): Promise<{ written: number; refused: Refusal[] }> {
    let written = 0;
    const refused: Refusal[] = [];
    for (const portion of portionsOf(decoded, PORTION_ROWS)) {
      const result = await this.writePortion(portion);
      written += result.written;
      refused.push(...result.refused);
    }
    return { written, refused: mergeRefusals(refused) };
  }

  private async writePortion(portion: Decoded): Promise<{ written: number; refused: Refusal[] }> {
    const { batch, refusals } = portion;
    if (batch.value.length === 0) return { written: 0, refused: refusals };
    try {
      return await this.ingest.ingest(portion);
    } catch (error) {
      if (!(error instanceof NothingWritten)) throw error;
      return { written: 0, refused: error.refused };
    }
  }
}

/** Resolves with what is waited for, or when it is too late. */
async function within(ms: number, awaited: Promise<unknown> | undefined): Promise<void> {
  const late = new AbortController();
  const timer = sleep(ms, undefined, { signal: late.signal }).catch(() => undefined);
  await Promise.race([timer, awaited]);
  late.abort();
}

const roundOf = ({ cursor, newestMs, written }: Outcome, nowMs: number) => ({
  at: new Date(nowMs),
  cursor,
  newestAt: newestMs === undefined || !Number.isFinite(newestMs) ? undefined : new Date(newestMs),
  written,
});
