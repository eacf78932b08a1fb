import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { IngestResult, Refusal } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { DatabaseAway } from '../database/database';
import { BadInput, RequestError } from '../http/problem';
import { ArrivalService } from './arrival.service';
import { acceptance, explainTotalRefusal, mergeRefusals, type Acceptance, type Decoded } from './ingest';
import { IngestStore, type KnownSeries } from './ingest.store';
import { settle, takeRows, type Rows, type Slice, type Waiting } from './queue';

/** Rows of one statement: more are hardly faster, and the others wait longer. */
const STATEMENT_ROWS = 8_000;
/** Rows that may wait; a request that would make it more is told to come again. */
const MAX_WAITING_ROWS = 200_000;
/** A database on a laptop writes about this many in a second. */
const ROWS_PER_SECOND = 20_000;

/** A series was deleted while its id was remembered here; another process locked the same rows. */
const FOREIGN_KEY_VIOLATION = '23503';
const DEADLOCK = '40P01';

interface Request extends Waiting {
  decoded: Decoded;
  /** By place in the batch; undefined: not resolved yet, null: there is no room for it. */
  series: (KnownSeries | null | undefined)[];
  /** Rows that are written or refused for want of room. */
  settled: number;
  written: number;
  refusals: Refusal[];
  resolve: (result: IngestResult) => void;
  reject: (error: unknown) => void;
}

/** The one writer: takes what waits into one statement at a time, and acknowledges what is committed. */
@Injectable()
export class IngestService implements BeforeApplicationShutdown {
  private readonly queue: Request[] = [];
  private flushing: Promise<void> | undefined;
  private waitingRows = 0;
  private written = 0;
  private refused = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(IngestStore) private readonly store: IngestStore,
    @Inject(ArrivalService) private readonly arrivals: ArrivalService,
  ) {}

  /** Samples since the process started, and those that wait now. */
  get totals(): { written: number; refused: number; waiting: number } {
    return { written: this.written, refused: this.refused, waiting: this.waitingRows };
  }

  /** The times that are taken now. */
  get acceptance(): Acceptance {
    return acceptance(this.now(), this.config.RETENTION_DAYS);
  }

  /** Throws a 429 where `rows` more would be too many; a single large request goes through when nothing waits. */
  ensureRoom(rows = 0): void {
    if (this.waitingRows === 0 || this.waitingRows + rows <= MAX_WAITING_ROWS) return;
    throw new RequestError(
      429,
      `${this.waitingRows} samples wait to be written and there is no room for more: send this again in a moment.`,
      undefined,
      Math.ceil(this.waitingRows / ROWS_PER_SECOND),
    );
  }

  /** Writes the samples of a request; returns once they are committed. Throws BadInput where none of them could be. */
  async ingest(decoded: Decoded): Promise<IngestResult> {
    const rows = decoded.batch.value.length;
    this.ensureRoom(rows);
    const result = rows === 0 ? { written: 0, refused: decoded.refusals } : await this.enqueue(decoded, rows);
    this.written += result.written;
    this.refused += result.refused.reduce((sum, { count }) => sum + count, 0);
    const problem = explainTotalRefusal(result);
    if (problem) throw new BadInput(problem.detail, problem.errors);
    return result;
  }

  /** Ends once everything that was accepted is written, told of, and has its period. */
  async drain(): Promise<void> {
    await this.flushing;
    await this.arrivals.drain();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.drain();
  }

  private enqueue(decoded: Decoded, rows: number): Promise<IngestResult> {
    return new Promise((resolve, reject) => {
      const counts = { rows, taken: 0, settled: 0, written: 0 };
      this.queue.push({ decoded, series: [], refusals: [...decoded.refusals], resolve, reject, ...counts });
      this.waitingRows += rows;
      this.flushing ??= this.flushAll();
    });
  }

  private async flushAll(): Promise<void> {
    // Requests of one turn of the event loop go into the first statement together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.queue.length > 0) await this.flush(takeRows(this.queue, STATEMENT_ROWS));
    // In the same turn as the look at the queue: a request that comes later starts anew.
    this.flushing = undefined;
  }

  private async flush(slices: Slice<Request>[]): Promise<void> {
    try {
      await this.writeOrRetry(slices);
    } catch (error) {
      // A bad request among good ones must not take them down with it.
      if (slices.length > 1 && !(error instanceof DatabaseAway))
        for (const slice of slices) await this.flush([slice]);
      else slices.forEach(({ of }) => this.fail(of, error));
      return;
    }
    slices.forEach((slice) => this.acknowledge(slice));
  }

  private async writeOrRetry(slices: Slice<Request>[]): Promise<void> {
    try {
      await this.write(slices);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== FOREIGN_KEY_VIOLATION && code !== DEADLOCK) throw error;
      for (const { of } of slices) {
        this.store.forget(of.decoded.batch.series);
        of.series = [];
      }
      await this.write(slices);
    }
  }

  private async write(slices: Slice<Request>[]): Promise<void> {
    await this.resolve(slices);
    const { rows, series } = gather(slices);
    if (rows.value.length === 0) return;
    await this.store.write(rows);
    const counts = new Map<number, number>();
    for (const id of rows.seriesId) counts.set(id, (counts.get(id) ?? 0) + 1);
    this.arrivals.arrived(counts, (id) => series.get(id)!.hasPeriod);
  }

  private async resolve(slices: Slice<Request>[]): Promise<void> {
    const wanted = slices.flatMap(({ of, from, to }) =>
      [...new Set(of.decoded.batch.seriesAt.slice(from, to))]
        .filter((place) => of.series[place] === undefined)
        .map((place) => ({ of, place })),
    );
    if (wanted.length === 0) return;
    const found = await this.store.resolve(wanted.map(({ of, place }) => of.decoded.batch.series[place]!));
    wanted.forEach(({ of, place }, i) => (of.series[place] = found[i] ?? null));
  }

  private acknowledge({ of: request, from, to }: Slice<Request>): void {
    const { seriesAt, series } = request.decoded.batch;
    const refused = seriesAt.slice(from, to).filter((place) => request.series[place] === null);
    if (refused.length > 0) {
      const at = `series ${JSON.stringify(series[refused[0]!]!.name)}`;
      const detail = `there are ${this.config.MAX_SERIES} series and no room for a new one: delete some, or raise MAX_SERIES`;
      request.refusals.push({ reason: 'series_limit', count: refused.length, first: { at, detail } });
    }
    request.written += to - from - refused.length;
    request.settled += to - from;
    this.waitingRows -= to - from;
    if (request.settled === request.rows)
      request.resolve({ written: request.written, refused: mergeRefusals(request.refusals) });
  }

  private fail(request: Request, error: unknown): void {
    const at = this.queue.indexOf(request);
    if (at >= 0) this.queue.splice(at, 1);
    this.waitingRows -= request.rows - request.settled;
    request.reject(error);
  }
}

/** The rows of these slices as one statement takes them, and the series they are of. */
function gather(slices: Slice<Request>[]): { rows: Rows; series: Map<number, KnownSeries> } {
  const rows: Rows = { seriesId: [], timeMs: [], value: [] };
  const series = new Map<number, KnownSeries>();
  for (const { of, from, to } of slices) {
    const { seriesAt, timeMs, value } = of.decoded.batch;
    for (let i = from; i < to; i++) {
      const one = of.series[seriesAt[i]!];
      if (!one) continue;
      series.set(one.id, one);
      rows.seriesId.push(one.id);
      rows.timeMs.push(timeMs[i]!);
      rows.value.push(value[i]!);
    }
  }
  return { rows: settle(rows), series };
}
