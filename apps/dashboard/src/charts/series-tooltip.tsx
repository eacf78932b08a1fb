/** What one x of the chart says: each value with its unit, the time here and in UTC. */
import { localTime, quantity, scoreInWords, utcTime } from '@/words';
import type { Row } from '@/rows';

interface SeriesTooltipProps {
  active?: boolean;
  payload?: readonly { payload?: unknown }[];
  unit: string | null;
}

export function SeriesTooltip({ active, payload, unit }: SeriesTooltipProps) {
  const row = payload?.[0]?.payload as Row | undefined;
  if (active !== true || row === undefined) return null;
  const say = (value: number) => quantity(value, unit);
  const range = ([low, high]: [number, number]) => `${say(low)} to ${say(high)}`;
  const lines: [string, string | null, string][] = [
    ['Observed', row.value === null ? null : say(row.value), 'var(--observed)'],
    ['Lowest to highest', row.extent === null ? null : range(row.extent), 'var(--extent)'],
    ['Expected', row.expected === null ? null : say(row.expected), 'var(--expected)'],
    ['Expected, 90 %', row.band === null ? null : range(row.band), 'var(--band)'],
    ['Forecast', row.median === null ? null : say(row.median), 'var(--forecast)'],
    ['Forecast, 50 %', row.narrow === null ? null : range(row.narrow), 'var(--forecast)'],
    ['Forecast, 90 %', row.wide === null ? null : range(row.wide), 'var(--forecast)'],
    ['Chance', row.score === null ? null : scoreInWords(row.score), 'var(--score)'],
  ];
  const said = lines.filter(([, text]) => text !== null);
  return (
    <div
      title={utcTime(row.time)}
      className="rounded-md border border-line bg-surface/95 px-2.5 py-1.5 text-xs shadow-md"
    >
      <p className="font-medium">{localTime(row.time)}</p>
      <p className="text-muted">{utcTime(row.time)}</p>
      {said.length === 0 && <p className="mt-1">No sample here</p>}
      <table className="mt-1">
        <tbody>
          {said.map(([name, text, colour]) => (
            <tr key={name}>
              <td className="pr-3 text-muted">
                <span className="mr-1.5 inline-block size-2 rounded-xs" style={{ background: colour }} />
                {name}
              </td>
              <td className="text-right font-medium">{text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
