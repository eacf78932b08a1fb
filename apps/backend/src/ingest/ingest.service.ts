import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { IngestResult, Refusal } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { DatabaseAway } from '../database/database';
import { RequestError } from '../http/problem';
import { ArrivalService } from './arrival.service';
import { acceptance, mergeRefusals, NothingWritten, type Acceptance, type Decoded } from './ingest';
import { IngestStore, SeriesGone, type KnownSeries, type Written } from './ingest.store';
import { settle, takeRows, type Rows, type Slice, type Waiting } from './queue';

/** Rows of one statement: more are hardly faster, and the others wait longer. */
const STATEMENT_ROWS = 8_000;
/** Rows that may wait; a request that would make it more is told to come again. */
const MAX_WAITING_ROWS = 200_000;
/** A database on a laptop writes about this many in a second. */
const ROWS_PER_SECOND = 20_000;

/** Another process locked the same rows. */
const DEADLOCK = '40P01';
/** Statements that are made ready or under way: the next one is ready when the database is. */
const IN_FLIGHT = 2;
const MINUTE_MS = 60_000;

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
  /** Statements begun, and the rows they hold. */
  private readonly inFlight = new Map<Promise<void>, Slice<Request>[]>();
  private pumping: Promise<void> | undefined;
  private waitingRows = 0;
  private newSeries = { minute: 0, count: 0 };
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
    if (result.written === 0 && result.refused.length > 0) throw new NothingWritten(result.refused);
    return result;
  }

  /** Ends once everything that was accepted is written, told of, and has its period. */
  async drain(): Promise<void> {
    await this.pumping;
    while (this.inFlight.size > 0) await Promise.race(this.inFlight.keys());
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
      this.pumping ??= this.pumpSoon();
    });
  }

  /** Requests of one turn of the event loop go into the first statement together. */
  private async pumpSoon(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.pumping = undefined;
    this.pump();
  }

  /** A second statement is begun beside one under way only where it is a full one: small requests gather meanwhile. */
  private pump(): void {
    while (this.queue.length > 0) {
      const isFull = this.queue.reduce((sum, { rows, taken }) => sum + rows - taken, 0) >= STATEMENT_ROWS;
      if (this.inFlight.size >= (isFull ? IN_FLIGHT : 1)) return;
      this.start(takeRows(this.queue, STATEMENT_ROWS));
    }
  }

  /** Begins a statement, after those under way that hold rows of the same request: of equal samples the last one wins. */
  private start(slices: Slice<Request>[]): void {
    const requests = new Set(slices.map(({ of }) => of));
    const before = [...this.inFlight].filter(([, others]) => others.some(({ of }) => requests.has(of)));
    const flushed = Promise.all(before.map(([other]) => other))
      .then(() => this.flush(slices))
      .then(() => {
        this.inFlight.delete(flushed);
        this.pump();
      });
    this.inFlight.set(flushed, slices);
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
      const isDeadlock = (error as { code?: string }).code === DEADLOCK;
      if (!isDeadlock && !(error instanceof SeriesGone)) throw error;
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
    const written: Written = await this.store.write(rows);
    const counts = new Map<number, number>();
    for (const id of rows.seriesId) counts.set(id, (counts.get(id) ?? 0) + 1);
    this.arrivals.arrived(written, counts, (id) => series.get(id)!.hasPeriod);
  }

  private async resolve(slices: Slice<Request>[]): Promise<void> {
    const wanted = slices.flatMap(({ of, from, to }) =>
      [...new Set(of.decoded.batch.seriesAt.slice(from, to))]
        .filter((place) => of.series[place] === undefined)
        .map((place) => ({ of, place })),
    );
    if (wanted.length === 0) return;
    const identities = wanted.map(({ of, place }) => of.decoded.batch.series[place]!);
    const found = await this.store.resolve(identities, this.roomForNew());
    this.newSeries.count += found.added;
    wanted.forEach(({ of, place }, i) => (of.series[place] = found.series[i] ?? null));
  }

  /** How many series may yet come into being in this minute. */
  private roomForNew(): number {
    const minute = Math.floor(this.now() / MINUTE_MS);
    if (minute !== this.newSeries.minute) this.newSeries = { minute, count: 0 };
    return Math.max(0, this.config.MAX_NEW_SERIES - this.newSeries.count);
  }

  private acknowledge({ of: request, from, to }: Slice<Request>): void {
    const { seriesAt, series } = request.decoded.batch;
    const refused = seriesAt.slice(from, to).filter((place) => request.series[place] === null);
    if (refused.length > 0) {
      const at = `series ${JSON.stringify(series[refused[0]!]!.name)}`;
      const { MAX_SERIES, MAX_NEW_SERIES } = this.config;
      const detail =
        this.roomForNew() === 0
          ? `more than ${MAX_NEW_SERIES} new series in a minute: send these again later, or raise MAX_NEW_SERIES`
          : `there are ${MAX_SERIES} series and no room for a new one: delete some, or raise MAX_SERIES`;
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
      if (one.id !== rows.seriesId.at(-1)) series.set(one.id, one);
      rows.seriesId.push(one.id);
      rows.timeMs.push(timeMs[i]!);
      rows.value.push(value[i]!);
    }
  }
  return { rows: settle(rows), series };
}
