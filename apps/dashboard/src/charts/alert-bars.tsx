/** Alerts a day under two rules, as pairs of bars, and as a table for who cannot see them. */
import type { Replay } from '@bellwether/contracts';
import { counted } from '@/words';

type Days = Replay['days'];

export function AlertBars({ asked, present }: { asked: Days; present: Days }) {
  const most = Math.max(1, ...[...asked, ...present].map(({ alerts }) => alerts));
  return (
    <figure>
      <div aria-hidden className="flex h-20 items-end gap-0.5 border-b border-line">
        {asked.map(({ day, alerts }, at) => (
          <div
            key={day}
            title={`${day}: ${alerts}; now ${present[at]?.alerts ?? 0}`}
            className="flex h-full min-w-0 flex-1 items-end gap-px"
          >
            <Bar count={present[at]?.alerts ?? 0} most={most} className="bg-line-strong" />
            <Bar count={alerts} most={most} className="bg-accent" />
          </div>
        ))}
      </div>
      <figcaption className="mt-1 flex flex-wrap justify-between gap-x-3 text-xs text-muted">
        <span>{asked[0]?.day}</span>
        <span>
          <Mark className="bg-line-strong" /> now <Mark className="ml-2 bg-accent" /> as asked, at most{' '}
          {counted(most, 'alert')} a day
        </span>
        <span>{asked.at(-1)?.day} (UTC)</span>
      </figcaption>
      <details className="mt-1 text-xs">
        <summary className="cursor-pointer text-muted">As a table</summary>
        <div className="max-h-40 overflow-y-auto">
          <table className="w-full text-left">
            <thead>
              <tr>
                <th scope="col">Day (UTC)</th>
                <th scope="col">Alerts now</th>
                <th scope="col">As asked</th>
              </tr>
            </thead>
            <tbody>
              {asked.map(({ day, alerts }, at) => (
                <tr key={day} className="border-t border-line">
                  <th scope="row" className="font-normal">
                    {day}
                  </th>
                  <td>{present[at]?.alerts ?? 0}</td>
                  <td>{alerts}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}

const Bar = ({ count, most, className }: { count: number; most: number; className: string }) => (
  <div
    className={`min-w-0 flex-1 rounded-t-[1px] ${className}`}
    style={{ height: count === 0 ? 0 : `${Math.max((count / most) * 100, 4)}%` }}
  />
);

const Mark = ({ className }: { className: string }) => (
  <span aria-hidden className={`inline-block size-2 rounded-[1px] ${className}`} />
);
