import { createRequire } from 'node:module';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../clock';
import { CONFIG, type Config } from '../config';
import { fateOf, waitMs } from './export';
import { ExportStore } from './export.store';
import { writeRequest } from './write-request';

/** It has no types of its own. */
const { compress } = createRequire(__filename)('snappyjs') as {
  compress: (bytes: Uint8Array) => Uint8Array;
};

/** Scores of one request, four samples each: what Prometheus itself sends at most. */
const ROWS = 500;
const TIMEOUT_MS = 30_000;
/** Of what a receiver says about a refusal so much is kept. */
const MOST_SAID = 500;

interface Answer {
  /** Undefined: there was none. */
  status: number | undefined;
  said: string;
  retryAfterMs: number | undefined;
}

/** Sends scores to REMOTE_WRITE_URL, at least once and in the order of time of each series. */
@Injectable()
export class ExportService {
  private readonly logger = new Logger('exports');
  private failures = 0;
  private refused = 0;
  private waitsUntilMs = 0;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(ExportStore) private readonly store: ExportStore,
  ) {}

  /** To be called before scores count as done: a crash in between tells them twice, never not at all. */
  async note(stretches: readonly { seriesId: number; from: Date }[]): Promise<void> {
    if (this.config.REMOTE_WRITE_URL && stretches.length > 0) await this.store.note(stretches);
  }

  /** Sends a part of what waits; true when more may be sent at once. Fails with DatabaseAway. */
  async round(): Promise<boolean> {
    const { REMOTE_WRITE_URL } = this.config;
    if (!REMOTE_WRITE_URL || this.now() < this.waitsUntilMs) return false;
    const unsent = await this.store.oldest(ROWS);
    if (unsent.length === 0) {
      await this.store.forgetSent();
      return false;
    }
    const rows = unsent.flatMap((series) => series.rows);
    const answer = await this.send(REMOTE_WRITE_URL, Buffer.from(compress(writeRequest(rows))));
    const fate = fateOf(answer.status);
    if (fate === 'retry') return this.rest(answer);
    if (fate === 'refused') this.report(answer, rows.length);
    else if (this.failures > 0) this.logger.log('Scores are sent again.');
    this.failures = 0;
    await this.store.sent(unsent);
    return true;
  }

  private async send(address: string, body: Buffer<ArrayBuffer>): Promise<Answer> {
    const url = new URL(address);
    const { username, password } = url;
    [url.username, url.password] = ['', ''];
    const headers = new Headers({
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      'user-agent': 'Bellwether',
    });
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    if (this.config.REMOTE_WRITE_TOKEN)
      headers.set('authorization', `Bearer ${this.config.REMOTE_WRITE_TOKEN}`);
    else if (username) headers.set('authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
    try {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
      const seconds = Number(response.headers.get('retry-after'));
      const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
      return { status: response.status, said: await beginningOf(response), retryAfterMs };
    } catch (error) {
      const { message, cause } = error as Error;
      const said = cause instanceof Error ? `${message}: ${cause.message}` : message;
      return { status: undefined, said, retryAfterMs: undefined };
    }
  }

  private rest({ status, said, retryAfterMs }: Answer): false {
    this.failures++;
    this.waitsUntilMs = this.now() + waitMs(this.failures, retryAfterMs);
    if (this.failures === 1)
      this.logger.warn(`Scores could not be sent (${status ?? said}): they wait, and are sent again.`);
    return false;
  }

  private report({ status, said }: Answer, count: number): void {
    // Said once and then each time ten times as many were refused: a receiver that takes nothing fills no log.
    const before = this.refused;
    this.refused += count;
    if (before === 0 || Math.floor(Math.log10(before)) < Math.floor(Math.log10(this.refused)))
      this.logger.error(
        `${this.refused} scores were refused for good by the receiver of REMOTE_WRITE_URL (${status}: ${said}); they are not sent again.`,
      );
  }
}

/** What a receiver says, cut off, on one line. */
async function beginningOf(response: Response): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (
    let part = await reader?.read();
    part && !part.done && text.length < MOST_SAID;
    part = await reader?.read()
  )
    text += part.value;
  await reader?.cancel();
  return text
    .slice(0, MOST_SAID)
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
}
