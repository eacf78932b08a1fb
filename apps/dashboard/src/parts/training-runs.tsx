/** Training runs: those under way with their progress, those past with what came of them; both with their loss curves. */
'use client';

import { CircleCheck, CircleX, Clock, LoaderCircle, type LucideIcon } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import type { ModelKind, TrainingRun, TrainingRunState } from '@bellwether/contracts';
import { ago, counted, duration, localTime } from '@/words';
import { Card, Fact } from './card';
import { ProgressBar } from './feedback';
import { useNow } from './hooks';

const LossChart = dynamic(() => import('@/charts/loss-chart').then((file) => file.LossChart), { ssr: false });

const STATES: Record<TrainingRunState, { word: string; icon: LucideIcon; look: string }> = {
  queued: { word: 'Queued', icon: Clock, look: 'text-muted' },
  running: { word: 'Running', icon: LoaderCircle, look: 'text-accent' },
  succeeded: { word: 'Succeeded', icon: CircleCheck, look: 'text-ok' },
  failed: { word: 'Failed', icon: CircleX, look: 'text-alert' },
};

const isUnderWay = (run: TrainingRun) => run.state === 'queued' || run.state === 'running';

export function RunningRuns({ runs }: { runs: TrainingRun[] }) {
  const running = runs.filter(isUnderWay);
  if (running.length === 0) return null;
  return (
    <Card title="Training now" aside={counted(running.length, 'run')}>
      <ul className="space-y-5">
        {running.map((run) => (
          <li key={run.id}>
            <p className="mb-1 flex flex-wrap items-baseline justify-between gap-x-3 text-sm">
              <span className="font-medium">{run.step}</span>
              <span className="text-muted">because: {run.reason}</span>
            </p>
            <ProgressBar share={run.progress} label={`Training run ${run.id}`} />
            <RunFacts run={run} />
            <Losses run={run} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

export function PastRuns({ runs }: { runs: TrainingRun[] }) {
  const past = runs.filter((run) => !isUnderWay(run));
  return (
    <Card title="Past runs" aside={counted(past.length, 'run')}>
      {past.length === 0 ? (
        <p className="text-sm text-muted">
          None yet. A run starts by itself once a series has enough samples.
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {past.map((run, i) => (
            <PastRun key={run.id} run={run} isNewest={i === 0} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function PastRun({ run, isNewest }: { run: TrainingRun; isNewest: boolean }) {
  const [isOpen, setOpen] = useState(isNewest);
  const { word, icon: Icon, look } = STATES[run.state];
  const now = useNow(30_000);
  const at = Date.parse(run.endedAt ?? run.queuedAt);
  return (
    <li className="py-2">
      <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary className="rounded text-sm">
          <span className={`inline-flex items-center gap-1 font-semibold ${look}`}>
            <Icon aria-hidden className="size-3.5" /> {word}
          </span>{' '}
          <span className="text-muted">
            run {run.id}, <time title={localTime(at)}>{ago(at, now)}</time>, because: {run.reason}
          </span>
          <span className="mt-0.5 block">{run.outcome ?? run.step}</span>
        </summary>
        {isOpen && (
          <>
            <RunFacts run={run} />
            <Losses run={run} />
          </>
        )}
      </details>
    </li>
  );
}

function RunFacts({ run }: { run: TrainingRun }) {
  const took =
    run.startedAt !== null && run.endedAt !== null
      ? Date.parse(run.endedAt) - Date.parse(run.startedAt)
      : null;
  return (
    <dl className="mt-2 flex flex-wrap gap-x-8 gap-y-2 text-sm">
      <Fact name="Period">{duration(run.periodMs)}</Fact>
      {run.seriesCount !== null && <Fact name="Series">{counted(run.seriesCount, 'series', 'series')}</Fact>}
      {run.sampleCount !== null && <Fact name="Samples">{counted(run.sampleCount, 'sample')}</Fact>}
      {took !== null && <Fact name="Took">{duration(took)}</Fact>}
      <Fact name="Computed with">
        {run.backend ?? 'not decided yet'}
        {run.backendWhy !== null && <span className="font-normal text-muted"> ({run.backendWhy})</span>}
      </Fact>
    </dl>
  );
}

const KINDS: ModelKind[] = ['vrnn', 'vae'];

function Losses({ run }: { run: TrainingRun }) {
  const kinds = KINDS.filter((kind) => run.losses.some((point) => point.kind === kind));
  if (kinds.length === 0) {
    return run.state === 'failed' ? null : (
      <p className="mt-2 text-xs text-muted">The loss curve begins with the first epoch.</p>
    );
  }
  return (
    <div className="mt-3">
      <div className="grid gap-4 md:grid-cols-2">
        {kinds.map((kind) => (
          <LossChart key={kind} kind={kind} losses={run.losses} />
        ))}
      </div>
      <p className="mt-1 text-xs text-muted">
        Over epochs; solid: on training samples, dashed: on held-out samples.
      </p>
    </div>
  );
}
