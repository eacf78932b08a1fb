/** Chunks older than 14 days are compressed; a statement that may touch one needs leave to decompress as much as it takes. */
import type { Queries } from './database';

/** Younger than half of the 14 days no chunk is compressed. */
const MAYBE_COMPRESSED_MS = 7 * 86_400_000;

export const isMaybeCompressed = (oldestMs: number, nowMs: number): boolean =>
  oldestMs <= nowMs - MAYBE_COMPRESSED_MS;

/** In a transaction: one late sample of each of many series may touch more compressed samples than a statement may by default. */
export async function unlimitDecompression(queries: Queries): Promise<void> {
  await queries.query('SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0');
}
