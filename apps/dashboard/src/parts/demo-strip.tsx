/** A quiet line while the demo runs, so that nobody takes its data for their own. */
'use client';

import { FlaskConical } from 'lucide-react';
import { useSWRConfig } from 'swr';
import { stopDemo, useDemo } from '@/api';
import { counted } from '@/words';
import { Button } from './button';
import { useJob } from './hooks';

export function DemoStrip() {
  const { data: demo } = useDemo();
  const { mutate } = useSWRConfig();
  const job = useJob();
  if (demo?.isRunning !== true) return null;
  const stop = (series: 'keep' | 'remove') => job.run(() => stopDemo(series).then(() => mutate(() => true)));
  return (
    <aside
      aria-label="Demo"
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-warn-soft px-3 py-1.5 text-sm sm:px-5"
    >
      <FlaskConical aria-hidden className="size-4 text-warn" />
      <p className="min-w-0 flex-1">
        <span className="font-medium">The demo is running</span>
        <span className="text-muted">
          {' · '}
          {demo.step === null ? '' : `${demo.step} · `}
          {counted(demo.seriesCount, 'series', 'series')} of public data
        </span>
        {job.error !== null && <span className="text-alert"> · {job.error.message}</span>}
      </p>
      <Button onClick={() => stop('keep')} disabled={job.isBusy}>
        {job.isBusy ? 'Stopping…' : 'Stop the demo'}
      </Button>
      <Button look="quiet" onClick={() => stop('remove')} disabled={job.isBusy}>
        Stop and remove its series
      </Button>
    </aside>
  );
}
