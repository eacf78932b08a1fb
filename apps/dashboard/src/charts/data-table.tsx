/** The chart's numbers as a table: for a screen reader, and for anyone who wants to read them off. */
import type { SeriesView } from '@bellwether/contracts';
import { localTime, MISSING, quantity, scoreInWords, utcTime } from '@/words';

const MOST_ROWS = 50;

export function DataTable({ view }: { view: SeriesView }) {
  const { unit, name } = view.series;
  const first = Math.max(0, view.time.length - MOST_ROWS);
  const rows = view.time.slice(first).map((time, i) => ({ time, at: first + i }));
  return (
    <details className="text-xs">
      <summary className="w-fit rounded text-muted hover:text-ink">Numbers as a table</summary>
      <div
        className="mt-2 max-h-72 overflow-auto"
        tabIndex={0}
        role="region"
        aria-label={`Newest numbers of ${name}`}
      >
        <table className="w-full text-left">
          <caption className="pb-1 text-left text-muted">
            The newest {rows.length} of what the chart shows
          </caption>
          <thead className="sticky top-0 bg-surface text-muted">
            <tr>
              {['Time', 'Observed', 'Expected', 'Chance'].map((heading) => (
                <th key={heading} scope="col" className="py-1 pr-4 font-medium">
                  {heading}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.reverse().map(({ time, at }) => (
              <tr key={time} className="border-t border-line">
                <th scope="row" title={utcTime(time)} className="py-1 pr-4 font-normal whitespace-nowrap">
                  {localTime(time)}
                </th>
                <td className="pr-4">{quantity(view.samples.value[at], unit)}</td>
                <td className="pr-4">{expectedInWords(view, at)}</td>
                <td>{scoreInWords(view.scores[at])}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function expectedInWords(view: SeriesView, at: number): string {
  const [lower, upper] = [view.band.lower[at] ?? null, view.band.upper[at] ?? null];
  if (lower === null || upper === null) return MISSING;
  return `${quantity(lower, view.series.unit)} to ${quantity(upper, view.series.unit)}`;
}
