/** Answers as InfluxDB gives them, which its clients read: https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint. Pure. */
import type { IngestResult } from '@bellwether/contracts';

/** What clients are told that ask for it: they look at the number, and some want one before they write. */
export const INFLUX_VERSION = '1.8.10';

/** Fields that are strings: InfluxDB would keep them, and a client that sends some has made no mistake. */
export const countSkipped = ({ refused }: IngestResult): number =>
  refused.find(({ reason }) => reason === 'not_a_number')?.count ?? 0;

/** What InfluxDB would say of these refusals; undefined: there are none but strings. Telegraf looks for the first two words. */
export function explainPartial({ refused }: IngestResult): string | undefined {
  const failed = refused.filter(({ reason }) => reason !== 'not_a_number');
  if (failed.length === 0) return undefined;
  const kinds = failed.map(({ reason, count }) => `${count} ${reason}`).join(', ');
  const { at, detail } = failed[0]!.first;
  const dropped = failed.reduce((sum, { count }) => sum + count, 0);
  return `partial write: ${kinds}; the first, ${at}: ${detail} dropped=${dropped}`;
}

/** Whether these words are one CREATE DATABASE, which clients send before they write. */
export function isCreateDatabase(query: string): boolean {
  const [statement, ...others] = query.split(';').filter((part) => part.trim() !== '');
  return others.length === 0 && /^\s*create\s+database\s+\S/i.test(statement ?? '');
}

/** The query of a form, as Telegraf posts it; undefined: there is none. */
export function queryInForm(body: unknown, contentType: string | undefined): string | undefined {
  if (!Buffer.isBuffer(body) || !/^application\/x-www-form-urlencoded\b/i.test(contentType ?? ''))
    return undefined;
  return new URLSearchParams(body.toString('utf8')).get('q') ?? undefined;
}
