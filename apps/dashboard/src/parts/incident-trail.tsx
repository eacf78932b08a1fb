/** What happened to an incident, as it was known then, oldest first. */
import type { IncidentEvent } from '@bellwether/contracts';
import { localTime, utcTime } from '@/words';

const DOTS: Partial<Record<IncidentEvent['kind'], string>> = {
  opened: 'bg-alert',
  reopened: 'bg-alert',
  resolved: 'bg-ok',
  acknowledged: 'bg-accent',
};

export function IncidentTrail({ trail }: { trail: IncidentEvent[] }) {
  return (
    <ol className="ml-1 space-y-3 border-l border-line text-sm">
      {trail.map(({ at, kind, detail }, place) => (
        <li key={place} className="relative pl-4">
          <span
            aria-hidden
            className={`absolute top-1.5 -left-[4.5px] size-2 rounded-full ${DOTS[kind] ?? 'bg-line-strong'}`}
          />
          <time dateTime={at} title={utcTime(Date.parse(at))} className="text-xs text-muted">
            {localTime(Date.parse(at))}
          </time>
          <p className="break-words">{detail}</p>
        </li>
      ))}
    </ol>
  );
}
