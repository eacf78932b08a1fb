/** The alerts of an incident over time: a lane for each series, a bar for each alert; and the same as a table. */
import Link from 'next/link';
import type { Alert } from '@bellwether/contracts';
import { tickLabel, timeTicks } from '@/axes';
import type { Lane, Swimlane as Lanes } from '@/incidents';
import { seriesHref } from '@/parts/series-name';
import { KINDS, severityName } from '@/kinds';
import { aroundAlert } from '@/range';
import { duration, labelsInWords, localTime, utcTime } from '@/words';

interface SwimlaneProps {
  lanes: Lanes;
  /** Px of the whole picture; 0 while unknown. */
  width: number;
}

/** Of the names, beside the lanes; on a phone they stand above them. */
const NAMES_PX = 192;
const NARROW_PX = 560;
const TICK_PX = 110;

export function Swimlane({ lanes: { domain, lanes }, width }: SwimlaneProps) {
  const plot = width < NARROW_PX ? width : width - NAMES_PX;
  const ticks = width === 0 ? [] : timeTicks(domain, Math.max(2, Math.floor(plot / TICK_PX)));
  const shareOf = (time: number) => (time - domain[0]) / (domain[1] - domain[0]);
  return (
    <figure>
      <ul className="divide-y divide-line border-y border-line">
        {lanes.map((lane, place) => (
          <li
            key={lane.first.seriesId}
            className={width < NARROW_PX ? 'py-1.5' : 'grid grid-cols-[12rem_minmax(0,1fr)]'}
          >
            <Name lane={lane} isFirst={place === 0 && lanes.length > 1} />
            <div aria-hidden className="relative h-8 overflow-hidden">
              {ticks.map((time) => (
                <span
                  key={time}
                  className="absolute inset-y-0 border-l border-line"
                  style={{ left: `${shareOf(time) * 100}%` }}
                />
              ))}
              {lane.bars.map(({ alert, left, width: share }) => (
                <span
                  key={alert.id}
                  title={spanInWords(alert)}
                  className={`absolute inset-y-2 min-w-1 rounded-sm ${barLook(alert)}`}
                  style={{ left: `${left * 100}%`, width: `${share * 100}%` }}
                />
              ))}
            </div>
          </li>
        ))}
      </ul>
      <Axis ticks={ticks} domain={domain} shareOf={shareOf} isNarrow={width < NARROW_PX} />
      <Table lanes={lanes} />
    </figure>
  );
}

/** What fires still is full, and open to the right. */
function barLook({ endsAt, severity }: Alert): string {
  const colour = { critical: 'bg-alert', warning: 'bg-warn', info: 'bg-muted' }[severity];
  return `${colour} ${endsAt === null ? 'rounded-r-none' : 'opacity-60'}`;
}

function Name({ lane: { first }, isFirst }: { lane: Lane; isFirst: boolean }) {
  const labels = labelsInWords(first.series.labels);
  return (
    <div className="min-w-0 py-1 pr-3 text-xs">
      <Link
        href={seriesHref(first.seriesId, {
          kind: 'fixed',
          ...aroundAlert(first.startsAt, first.endsAt, first.peak.time),
        })}
        title={`${first.series.name} ${labels}: the chart at that moment`}
        className="block truncate font-medium hover:text-accent hover:underline"
      >
        {first.series.name}
      </Link>
      <span className="block truncate text-muted" title={labels}>
        {isFirst && <span className="font-medium text-alert">first mover </span>}
        {labels}
      </span>
    </div>
  );
}

interface AxisProps {
  ticks: number[];
  domain: [number, number];
  shareOf: (time: number) => number;
  isNarrow: boolean;
}

function Axis({ ticks, domain, shareOf, isNarrow }: AxisProps) {
  return (
    <div aria-hidden className={isNarrow ? '' : 'ml-48'}>
      <div className="relative h-5 overflow-hidden text-[0.7rem] text-muted">
        {ticks
          .filter((time) => shareOf(time) > 0.03 && shareOf(time) < 0.95)
          .map((time) => (
            <span
              key={time}
              className="absolute top-0.5 -translate-x-1/2 whitespace-nowrap"
              style={{ left: `${shareOf(time) * 100}%` }}
            >
              {tickLabel(time, domain[1] - domain[0])}
            </span>
          ))}
      </div>
    </div>
  );
}

const spanInWords = ({ startsAt, endsAt }: Alert): string => {
  const start = Date.parse(startsAt);
  return endsAt === null
    ? `since ${localTime(start)}, firing`
    : `${localTime(start)} for ${duration(Date.parse(endsAt) - start)}`;
};

function Table({ lanes }: { lanes: Lane[] }) {
  return (
    <details className="mt-1 text-xs">
      <summary className="w-fit rounded text-muted hover:text-ink">As a table</summary>
      <div
        tabIndex={0}
        role="region"
        aria-label="Alerts of the incident"
        className="mt-1 max-h-72 overflow-auto"
      >
        <table className="w-full text-left">
          <thead className="text-muted">
            <tr>
              {['Series', 'Kind', 'Severity', 'Began', 'Lasted'].map((heading) => (
                <th key={heading} scope="col" className="py-1 pr-4 font-medium">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {lanes.flatMap(({ bars }) =>
              bars.map(({ alert }) => (
                <tr key={alert.id} className="border-t border-line">
                  <th scope="row" className="py-1 pr-4 font-normal break-all">
                    {alert.series.name} {labelsInWords(alert.series.labels)}
                  </th>
                  <td className="pr-4">{KINDS[alert.kind].name}</td>
                  <td className="pr-4">{severityName(alert.severity)}</td>
                  <td title={utcTime(Date.parse(alert.startsAt))} className="pr-4 whitespace-nowrap">
                    {localTime(Date.parse(alert.startsAt))}
                  </td>
                  <td className="whitespace-nowrap">
                    {alert.endsAt === null
                      ? 'firing'
                      : duration(Date.parse(alert.endsAt) - Date.parse(alert.startsAt))}
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      </div>
    </details>
  );
}
