/** What was typed after `npx bellwether`. Pure. */
import { parseArgs } from 'node:util';

/** A command that cannot be meant: told in one line, with exit code 2. */
export class WrongUsage extends Error {}

export const HELP = `npx bellwether import FILE…   writes the samples of CSV and NDJSON files into a Bellwether that runs
npx bellwether --help         says this

A file may be compressed (.gz); - reads the standard input. Columns that are not named are found.

  --time COLUMN     the times: ISO 8601, or epoch seconds, milliseconds, microseconds or nanoseconds
  --value COLUMN    the values; repeated for several, each a series of its own
  --series COLUMN   the name of each row's series
  --name NAME       the name of the one series, instead of the file's name
  --labels LIST     labels of every series: machine=press-4,site=x
  --dates ORDER     how to read 03/04/2026: day-first or month-first
  --url ADDRESS     where Bellwether is, else BELLWETHER_URL, else http://localhost:8080
  --key-file FILE   a file that holds the API key, else BELLWETHER_API_KEY

  npx bellwether import metrics.csv --time ts --value v --series name
  zcat old.csv.gz | npx bellwether import - --name temperature

Importing twice is harmless. Exit codes: 0 all was written, 1 something was refused or failed, 2 wrong usage.`;

const options = {
  time: { type: 'string' },
  value: { type: 'string', multiple: true },
  series: { type: 'string' },
  name: { type: 'string' },
  labels: { type: 'string' },
  dates: { type: 'string' },
  url: { type: 'string' },
  'key-file': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
};

/** Undefined where help was asked for. Throws WrongUsage. */
export function readArguments(args, environment) {
  const { values, positionals } = parse(args);
  const [command, ...files] = positionals;
  if (values.help || command === undefined || command === 'help') return undefined;
  if (command !== 'import') throw new WrongUsage(`There is no command '${command}'. There is: import.`);
  if (files.length === 0) throw new WrongUsage('Which file? npx bellwether import FILE…');
  if (files.filter((file) => file === '-').length > 1)
    throw new WrongUsage('The standard input (-) can be read once.');
  if (values.series !== undefined && values.name !== undefined)
    throw new WrongUsage('--series names a column of names and --name the one series: give one of them.');
  return {
    files,
    choice: {
      ...(values.time === undefined ? {} : { timeColumn: values.time }),
      ...(values.value === undefined ? {} : { valueColumns: values.value }),
      ...(values.series === undefined ? {} : { seriesColumn: values.series }),
    },
    name: values.name?.trim() || undefined,
    labels: values.labels,
    dates: readDates(values.dates),
    url: readUrl(values.url ?? (environment.BELLWETHER_URL || 'http://localhost:8080')),
    keyFile: values['key-file'],
    key: environment.BELLWETHER_API_KEY?.trim() || undefined,
  };
}

function parse(args) {
  if (args.some((arg) => /^--(api-?)?key(=|$)/.test(arg)))
    throw new WrongUsage(
      'A key is not given as an argument, which everybody on this machine can read: set BELLWETHER_API_KEY, or use --key-file.',
    );
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new WrongUsage(`${error.message.split(/\. |\n/)[0]}.`);
  }
}

function readDates(dates) {
  if (dates === undefined || dates === 'day-first' || dates === 'month-first')
    return dates?.replace('-', ' ');
  throw new WrongUsage(`--dates is day-first or month-first, not '${dates}'.`);
}

/** Without a slash at its end. */
function readUrl(text) {
  const isAddress = /^https?:\/\//i.test(text) && URL.canParse(text);
  if (!isAddress || /[?#@]/.test(text))
    throw new WrongUsage(
      '--url (or BELLWETHER_URL) must be an address like http://localhost:8080, and hold no key.',
    );
  return new URL(text).href.replace(/\/+$/, '');
}
