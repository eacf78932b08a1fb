/** Statements: what an alert says that is not about anomalies, from its facts. Pure. */
import type { Alert } from '@bellwether/contracts';
import { clockTime, duration, format, withUnit } from './explanation';

type Record = NonNullable<Alert['record']>;

/** What is kept of such an alert, by its kind. */
export interface FactsByKind {
  silent: { periodMs: number };
  /** `count` samples in a row, where `usual` is the longest run that recurs. */
  frozen: { count: number; usual: number };
  cadence: { periodMs: number; paceMs: number };
  breach:
    | {
        phase: 'coming';
        side: 'above' | 'below';
        limit: number;
        atMs: number;
        probability: number;
        record: Record;
      }
    | { phase: 'beyond'; side: 'above' | 'below'; limit: number; record: Record };
}
export type WatchKind = keyof FactsByKind;
export const WATCH_KINDS: WatchKind[] = ['silent', 'frozen', 'cadence', 'breach'];

interface Stated {
  startsAt: Date;
  endsAt: Date | null;
  value: number;
  unit: string | null;
  record: Alert['record'];
}

const say = (value: number, unit: string | null): string => withUnit(format(value, 0), unit);

export function state<Kind extends WatchKind>(kind: Kind, facts: FactsByKind[Kind], stated: Stated): string {
  const text = TEXTS[kind] as (facts: FactsByKind[Kind], stated: Stated) => string;
  const past = recordInWords(kind, stated.record);
  return past ? `${text(facts, stated)} ${past}` : text(facts, stated);
}

const TEXTS: { [Kind in WatchKind]: (facts: FactsByKind[Kind], stated: Stated) => string } = {
  silent: ({ periodMs }, { startsAt, endsAt }) =>
    endsAt
      ? `No sample came from ${clockTime(startsAt)} on, for ${duration(+endsAt - +startsAt)}; usually one comes every ${duration(periodMs)}.`
      : `No sample has come since ${clockTime(startsAt)}; usually one comes every ${duration(periodMs)}.`,
  frozen: ({ count, usual }, { startsAt, endsAt, value, unit }) => {
    const lasted = endsAt ? ` It lasted ${duration(+endsAt - +startsAt)}.` : '';
    const before = usual > 1 ? `runs of more than ${usual} are unusual` : 'its values usually differ';
    return `${count} samples or more in a row were ${say(value, unit)}, from ${clockTime(startsAt)} on; ${before}.${lasted}`;
  },
  cadence: ({ periodMs, paceMs }, { startsAt, endsAt }) => {
    const ended = endsAt ? ` It ended at ${clockTime(endsAt)}.` : '';
    return `A sample came every ${duration(paceMs)} from ${clockTime(startsAt)} on; it was every ${duration(periodMs)}.${ended}`;
  },
  breach: (facts, { startsAt, endsAt, value, unit }) => {
    const limit = say(facts.limit, unit);
    const ended = endsAt ? ` That was over at ${clockTime(endsAt)}.` : '';
    if (facts.phase === 'beyond')
      return `${facts.side === 'above' ? 'Above' : 'Below'} its limit of ${limit}: ${say(value, unit)}. Said since ${clockTime(startsAt)}.${ended}`;
    const when = clockTime(new Date(facts.atMs));
    return `Will be ${facts.side} its limit of ${limit} at ${when}, with ${Math.round(100 * facts.probability)} % probability.${ended}`;
  },
};

/** How often such statements were right before; empty where nothing is to be said of it. */
function recordInWords(kind: WatchKind, record: Alert['record']): string {
  if (kind === 'breach' && (!record || record.known === 0))
    return 'No such forecast has been checked yet on this series.';
  if (!record || record.known === 0) return '';
  const { right, known } = record;
  const what = kind === 'breach' ? 'Such forecasts were' : 'Such alerts were';
  return `${what} right ${right} of ${known} ${known === 1 ? 'time' : 'times'} before on this series.`;
}
