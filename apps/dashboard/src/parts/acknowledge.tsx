/** The button by which somebody says that they are on an incident, or no longer. */
'use client';

import { Undo2, UserCheck } from 'lucide-react';
import { useSWRConfig } from 'swr';
import type { Incident } from '@bellwether/contracts';
import { acknowledge, takeBackAcknowledgement } from '@/api';
import { Button } from './button';
import { Failure } from './feedback';
import { useJob } from './hooks';

export function Acknowledge({ incident }: { incident: Incident }) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  if (incident.endsAt !== null || incident.mergedInto !== null) return null;
  const isTaken = incident.acknowledgedAt !== null;
  const run = () =>
    job.run(async () => {
      await (isTaken ? takeBackAcknowledgement(incident.id) : acknowledge(incident.id));
      await mutate((key) => Array.isArray(key) && ['incidents', 'incident'].includes(key[0] as string));
    });
  const [word, Icon] = isTaken ? (['Take back', Undo2] as const) : (['Acknowledge', UserCheck] as const);
  return (
    <>
      <Button disabled={job.isBusy} onClick={run} aria-label={`${word}: ${incident.title}`}>
        <Icon aria-hidden className="size-3.5" /> {word}
      </Button>
      {job.error !== null && <Failure error={job.error} />}
    </>
  );
}
