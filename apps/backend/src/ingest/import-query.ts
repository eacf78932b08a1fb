/** What the query of `POST /api/v1/import` says about a CSV. Pure. */
import { Labels } from '@bellwether/contracts';
import { z } from 'zod';

const list = z
  .string()
  .max(10_000)
  .transform((text) => text.split(',').map((name) => name.trim()))
  .transform((names) => names.filter((name) => name !== ''));

/** A JSON object, or `key=value,key=value`. */
const labels = z
  .string()
  .max(10_000)
  .transform((text, context) => {
    const pairs = text.trim().startsWith('{') ? parseObject(text) : parsePairs(text);
    if (pairs !== undefined) return pairs;
    context.addIssue({ code: 'custom', message: 'neither key=value,key=value nor a JSON object of strings' });
    return z.NEVER;
  })
  .pipe(Labels);

export const ImportQuery = z.object({
  /** Of the series; the file's name by default. */
  name: z.string().max(200).optional(),
  timeColumn: z.string().max(1000).optional(),
  /** Comma separated. */
  valueColumns: list.optional(),
  /** A column that holds the series' name. */
  seriesColumn: z.string().max(1000).optional(),
  labels: labels.optional(),
});
export type ImportQuery = z.infer<typeof ImportQuery>;

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Said by the caller, with the other form it may have.
    return undefined;
  }
}

function parsePairs(text: string): Record<string, string> | undefined {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  const pairs = parts.map((part) => [
    part.slice(0, part.indexOf('=')).trim(),
    part.slice(part.indexOf('=') + 1).trim(),
  ]);
  if (parts.some((part) => part.indexOf('=') < 1)) return undefined;
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** The name of a file without folder and extension, where that makes a name of a series. */
export function nameOfFile(fileName: string | undefined): string {
  const base = (fileName ?? '')
    .split(/[\\/]/)
    .at(-1)!
    .replace(/\.[^.]*$/, '');
  return (
    base
      .replace(/\p{Cc}/gu, '')
      .trim()
      .slice(0, 100) || 'import'
  );
}
