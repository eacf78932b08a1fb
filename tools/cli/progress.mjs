/** What the import says while it runs and when it ends. Pure. */

const BAR = 20;

/** One line of `width` characters at most; `total` bytes may not be known. */
export function progressLine({ name, bytes, total, written, refused, ms, note }, width = Infinity) {
  const share = total > 0 ? Math.min(bytes / total, 1) : undefined;
  const full = Math.round((share ?? 0) * BAR);
  const bar = share === undefined ? [] : [`${'█'.repeat(full)}${'░'.repeat(BAR - full)}`];
  const parts = [
    name,
    ...bar,
    share === undefined ? megabytes(bytes) : `${Math.floor(share * 100)} %`,
    `${number(written)} samples`,
    ...(ms >= 1000 ? [`${number((written / ms) * 1000)}/s`] : []),
    ...(refused > 0 ? [`${number(refused)} refused`] : []),
    ...(share > 0 && share < 1 && ms >= 1000 ? [`${duration((ms / share) * (1 - share))} left`] : []),
    ...(note ? [note] : []),
  ];
  // What a narrow terminal has no room for least: the bar, then the ends.
  const line = parts.join('  ');
  const fitting = line.length <= width ? line : parts.filter((part) => part !== bar[0]).join('  ');
  return fitting.length <= width ? fitting : `${fitting.slice(0, Math.max(width - 1, 0))}…`;
}

/** The last word: what was written and what was not, where, and where to look at it. */
export function summary({ files, ms, link }) {
  const written = files.reduce((total, file) => total + file.written, 0);
  const refusals = files.flatMap((file) => file.refusals.map((refusal) => ({ ...refusal, file: file.name })));
  const count = sum(refusals);
  const names = [...new Set(files.flatMap(({ series }) => [...series]))];
  return [
    `${plural(written, 'sample')} written in ${duration(ms)}, ${number((written / ms) * 1000)} a second`,
    ...(count > 0 ? [`${plural(count, 'sample')} refused:`] : []),
    ...refusals.map(
      ({ reason, count: many, file, first }) =>
        `  ${number(many)} ${reason.replaceAll('_', ' ')}, the first in ${file}, ${first.at}: ${first.detail}`,
    ),
    ...(count > 0 ? ['Correct these and import the file again: writing a sample twice is harmless.'] : []),
    ...(written > 0 ? [`Series: ${list(names)}`, `Look at ${link}`] : []),
  ].join('\n');
}

export const sum = (refusals) => refusals.reduce((total, { count }) => total + count, 0);

const SHOWN = 5;

function list(names) {
  const shown = names.slice(0, SHOWN).map((name) => name.slice(0, 80));
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`;
}

/** What all texts begin with. */
export function commonBeginning([first = '', ...others]) {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}

const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
const number = (value) => Math.round(value).toLocaleString('en');
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

export function duration(ms) {
  const seconds = Math.ceil(ms / 1000);
  if (ms < 10_000) return `${Math.max(0.1, Math.round(ms / 100) / 10)} s`;
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
