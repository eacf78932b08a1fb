import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { Inject, Injectable } from '@nestjs/common';
import type { DemoState } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { collect } from '../ingest/ingest';
import { IngestService } from '../ingest/ingest.service';
import { SeriesStore } from '../series/series.store';
import { DEMO_SERIES, type DemoSeries, due, place } from './demo';
import { DemoStore } from './demo.store';

const FIXTURES = join(__dirname, '../../fixtures/nab');
/** Samples of one series sent at once: history goes in portions, so that live senders get their turn. */
const PORTION = 5_000;

@Injectable()
export class DemoService {
  private readonly values = new Map<string, number[]>();
  /** The sample each series goes on with. */
  private readonly sent = new Map<string, number>();
  private step: string | null = null;
  private turn: Promise<unknown> = Promise.resolve();
  private isEnding = false;

  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(DemoStore) private readonly store: DemoStore,
    @Inject(IngestService) private readonly ingest: IngestService,
    @Inject(SeriesStore) private readonly series: SeriesStore,
  ) {}

  async state(): Promise<DemoState> {
    const running = await this.store.read();
    if (!running) return { isRunning: false, seriesCount: DEMO_SERIES.length, speed: null, step: null };
    return {
      isRunning: true,
      seriesCount: DEMO_SERIES.length,
      speed: running.speed,
      step: this.step ?? 'starting',
    };
  }

  start(speed: number): Promise<DemoState> {
    return this.inTurn(async () => {
      if (!(await this.store.read())) {
        // What an earlier demo left has another timetable.
        await this.forget();
        await this.store.start(this.now(), speed);
      }
      return this.state();
    });
  }

  /** Ends the replay; `forget` also removes the series it made. */
  async stop(forget: boolean): Promise<DemoState> {
    this.isEnding = true;
    return this.inTurn(async () => {
      this.isEnding = false;
      await this.store.stop();
      this.step = null;
      if (forget) await this.forget();
      return this.state();
    });
  }

  private async forget(): Promise<void> {
    this.sent.clear();
    for (const id of await this.store.seriesIds()) await this.series.remove(id);
  }

  /** Sends what is due of every series, through the same writer as everybody's samples. */
  play(): Promise<void> {
    return this.inTurn(async () => {
      const running = await this.store.read();
      if (!running) return;
      const elapsedMs = this.now() - running.startedAt;
      for (const series of DEMO_SERIES) {
        const { from, to } = due(series, {
          elapsedMs,
          speed: running.speed,
          sent: this.sent.get(series.file),
        });
        if (to - from > PORTION / 5) this.step = `loading the history of ${series.name}`;
        for (let k = from; k < to && !this.isEnding; k += PORTION)
          await this.send(series, { from: k, to: Math.min(to, k + PORTION) }, running);
      }
      this.step = `replaying live, ${running.speed} times as fast as recorded`;
    });
  }

  /** One after the other: samples that are sent while the series are being removed would bring them back. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private async send(
    series: DemoSeries,
    { from, to }: { from: number; to: number },
    running: { startedAt: number; speed: number },
  ) {
    const values = await this.load(series);
    const samples = collect(this.ingest.acceptance);
    const at = samples.series(series.name, series.labels);
    for (let k = from; k < to; k++) {
      const { row, time } = place(series, k, { ...running, rows: values.length });
      samples.add(at, time, values[row]!, () => `row ${row}`);
    }
    await this.ingest.ingest(samples.done());
    if (!this.sent.has(series.file)) await this.store.setUnit(series.name, series.labels, series.unit);
    this.sent.set(series.file, to);
  }

  /** Values of a file in the order of its rows: `timestamp,value,label`. */
  private async load({ file }: DemoSeries): Promise<number[]> {
    const loaded = this.values.get(file);
    if (loaded) return loaded;
    const text = (await promisify(gunzip)(await readFile(join(FIXTURES, file)))).toString('utf8');
    const values = text
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',')[1]));
    this.values.set(file, values);
    return values;
  }
}
