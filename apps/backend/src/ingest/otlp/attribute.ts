/** Attribute values as the text of labels: scalars as they are written, all else as JSON that is cut. Pure. */
import { MAX_LABEL_LENGTH } from '@bellwether/contracts';

/** What a value is made of; integers that a double cannot hold are their digits. */
export type Plain = string | number | boolean | null | Plain[] | { [key: string]: Plain };

/** Values nested deeper than this are null. */
export const MAX_DEPTH = 8;

/** How many values are still read of one attribute: its text is cut long before there are more. */
export interface Budget {
  left: number;
}
export const budget = (): Budget => ({ left: MAX_LABEL_LENGTH });

export function toText(value: Plain): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null ? '' : cut(JSON.stringify(value));
}

/** At most as long as a label may be, and no half of a character at the end. */
export const cut = (text: string): string => text.slice(0, MAX_LABEL_LENGTH).replace(/[\uD800-\uDBFF]$/, '');

/** Base64, as the JSON mapping of protobuf writes bytes. */
export const fromBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
