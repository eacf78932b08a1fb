/** Samples per minute over the last minutes, as bars. */
import { counted, figure } from '@/words';

export function RateBars({ perMinute }: { perMinute: number[] }) {
  const most = Math.max(...perMinute, 1);
  const newest = perMinute.at(-1) ?? 0;
  return (
    <figure>
      <div
        role="img"
        aria-label={`Samples per minute over the last ${counted(perMinute.length, 'minute')}: newest ${figure(newest)}, highest ${figure(Math.max(...perMinute, 0))}`}
        className="flex h-10 items-end gap-px border-b border-line"
      >
        {perMinute.map((rate, i) => (
          <div
            key={i}
            className="min-w-0 flex-1 rounded-t-[1px] bg-accent/70"
            style={{ height: rate === 0 ? 0 : `${Math.max((rate / most) * 100, 4)}%` }}
          />
        ))}
      </div>
      <figcaption className="mt-1 flex justify-between text-xs text-muted">
        <span>{perMinute.length} min ago</span>
        <span>now</span>
      </figcaption>
    </figure>
  );
}
