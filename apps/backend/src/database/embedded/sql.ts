/**
 * What the bridge has to know of the SQL that passes: does it listen, change settings of the session, or copy in?
 * Sources: PostgreSQL documentation, LISTEN, UNLISTEN, SET, COPY. Only the beginning of a statement is looked at, so a
 * word inside a string or a column name is taken for what it is; a wrong guess costs time, never a wrong answer.
 */

export type ListenChange = { verb: 'listen' | 'unlisten'; channel: string };

const COMMENTS = /\/\*[\s\S]*?\*\/|--[^\n]*/g;
const LISTEN = /(?:^|;)\s*(listen|unlisten)\s+("(?:[^"]|"")+"|\*|[^\s;"*]+)\s*(?=;|$)/gi;
const DISCARD = /(?:^|;)\s*discard\s+all\b/i;
const SETTINGS =
  /(?:^|;)\s*(?:set\s+(?!local\b|transaction\b|constraints\b)|reset\b|discard\b)|\bset_config\s*\(/i;
const COPY_IN = /^\s*copy\b[^;]*\bfrom\s+stdin\b[^;]*;?\s*$/i;

/** Channels a statement begins or ceases to listen on, in order; channel `*` is all of them. */
export function listenChanges(sql: string): ListenChange[] {
  if (!/listen|discard/i.test(sql)) return [];
  const bare = sql.replace(COMMENTS, ' ');
  if (DISCARD.test(bare)) return [{ verb: 'unlisten', channel: '*' }];
  return Array.from(bare.matchAll(LISTEN), ([, verb = '', channel = '']) => ({
    verb: verb.toLowerCase() as ListenChange['verb'],
    channel: unquoted(channel),
  }));
}

/** An identifier as PostgreSQL folds it: quoted as written, else in lower case. */
function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/** The channels of a client after its changes. */
export function changedChannels(
  channels: ReadonlySet<string>,
  changes: readonly ListenChange[],
): Set<string> {
  const next = new Set(channels);
  for (const { verb, channel } of changes) {
    if (verb === 'listen') next.add(channel);
    else if (channel === '*') next.clear();
    else next.delete(channel);
  }
  return next;
}

/** Whether a statement may leave settings behind in the session. */
export function changesSettings(sql: string): boolean {
  return /set|discard/i.test(sql) && SETTINGS.test(sql.replace(COMMENTS, ' '));
}

/** Whether a statement is one COPY FROM STDIN, which is answered before its data is there. */
export function isCopyIn(sql: string): boolean {
  return mentionsStdin(sql) && COPY_IN.test(sql.replace(COMMENTS, ' '));
}

/** Whether a statement could ask for data the bridge does not have. */
export function mentionsStdin(sql: string): boolean {
  return /stdin/i.test(sql);
}

/** 1 where a COPY says that its data is binary. */
export function copyFormat(sql: string): 0 | 1 {
  return /\bbinary\b/i.test(sql) ? 1 : 0;
}

export const quotedIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const quotedLiteral = (value: string): string => `'${value.replaceAll("'", "''")}'`;
