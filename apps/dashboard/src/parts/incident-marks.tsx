/** How an incident stands, and until when it is silenced, each as a word with an icon; and since when it is. */
'use client';

import { BellOff, BellRing, CircleCheck, History, Merge, UserCheck } from 'lucide-react';
import type { Incident } from '@bellwether/contracts';
import { type Standing, standingOf } from '@/incidents';
import { moment, viewerZone } from '@/silences';
import { ago, duration, localTime, utcTime } from '@/words';
import { useNow } from './hooks';
import { type Look, Mark } from './mark';
import { SeverityMark } from './severity-mark';

const LOOKS: Record<Standing, Look & { title?: string }> = {
  open: { word: 'Open', icon: BellRing, look: 'bg-alert-soft text-alert' },
  acknowledged: {
    ...{ word: 'Acknowledged', icon: UserCheck, look: 'bg-accent-soft text-accent' },
    title: 'Somebody is on it: nobody is reminded. Its end is told all the same.',
  },
  resolved: { word: 'Resolved', icon: CircleCheck, look: 'bg-ok-soft text-ok' },
  history: {
    ...{ word: 'Found in history', icon: History, look: 'bg-raised text-muted' },
    title: 'Found when older samples were scored; nobody was notified.',
  },
  merged: { word: 'Part of another', icon: Merge, look: 'bg-raised text-muted' },
};

export function IncidentMarks({ incident }: { incident: Incident }) {
  const now = useNow();
  const { severity, silencedUntil } = incident;
  return (
    <>
      <Mark {...LOOKS[standingOf(incident)]} />
      <SeverityMark severity={severity} />
      {silencedUntil !== null && (
        <Mark
          word={`Silenced until ${moment(Date.parse(silencedUntil), viewerZone(), now)}`}
          icon={BellOff}
          look="bg-raised text-muted"
          title="All that fires in it is silenced: nobody is told of it."
        />
      )}
    </>
  );
}

export function IncidentTime({ incident: { startsAt, endsAt } }: { incident: Incident }) {
  const now = useNow();
  const start = Date.parse(startsAt);
  const lasted = endsAt === null ? '' : `, lasted ${duration(Date.parse(endsAt) - start)}`;
  return (
    <time dateTime={startsAt} title={utcTime(start)}>
      {endsAt === null && 'since '}
      {localTime(start)} ({ago(start, now)}){lasted}
    </time>
  );
}
