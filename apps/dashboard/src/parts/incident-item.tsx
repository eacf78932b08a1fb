/** One incident in a list: how it stands, what it is about, how large it is, and what its likely first mover did. */
'use client';

import Link from 'next/link';
import type { Incident } from '@bellwether/contracts';
import { incidentHref, sizeInWords, standingOf } from '@/incidents';
import { counted } from '@/words';
import { Acknowledge } from './acknowledge';
import { IncidentMarks, IncidentTime } from './incident-marks';

const EDGES = { open: 'border-alert', acknowledged: 'border-accent' } as Partial<Record<string, string>>;

export function IncidentItem({ incident }: { incident: Incident }) {
  const { id, title, alerts, reopenings, state } = incident;
  return (
    <article
      aria-label={`Incident ${id}: ${title}, ${state}`}
      className={`flex flex-wrap items-start gap-x-4 gap-y-2 border-l-2 py-0.5 pl-3 ${EDGES[standingOf(incident)] ?? 'border-line-strong'}`}
    >
      <div className="min-w-0 flex-1 basis-72">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <IncidentMarks incident={incident} />
          <h3 className="min-w-0">
            <Link
              href={incidentHref(id)}
              className="font-medium break-words hover:text-accent hover:underline"
            >
              {title}
            </Link>
          </h3>
        </div>
        <p className="mt-0.5 text-xs text-muted">
          <IncidentTime incident={incident} /> · {sizeInWords(incident)}
          {reopenings > 0 && ` · went on ${counted(reopenings, 'time')}`}
        </p>
        {alerts[0] !== undefined && <p className="mt-1 text-sm break-words">{alerts[0].why}</p>}
      </div>
      <Acknowledge incident={incident} />
    </article>
  );
}
