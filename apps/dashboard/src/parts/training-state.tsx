/** Whether models are trained, by what, and what came of it last. */
'use client';

import type { Overview } from '@bellwether/contracts';
import { ago } from '@/words';
import { LinkButton } from './button';
import { Card, Fact } from './card';
import { ProgressBar } from './feedback';
import { useNow } from './hooks';

export function TrainingState({ training }: { training: Overview['training'] }) {
  const now = useNow();
  const { running, latest } = training;
  return (
    <Card title="Training">
      {running.map((run) => (
        <div key={run.id} className="mb-3">
          <p className="text-sm font-medium">{run.step}</p>
          <ProgressBar share={run.progress} label={`Training run ${run.id}`} />
          <p className="text-xs text-muted">because: {run.reason}</p>
        </div>
      ))}
      {running.length === 0 && (
        <p className="mb-3 text-sm text-muted">
          {latest === null
            ? 'No model yet: training starts by itself once a series has enough samples.'
            : `${latest.outcome ?? latest.step}${latest.endedAt === null ? '' : ` (${ago(Date.parse(latest.endedAt), now)})`}`}
        </p>
      )}
      <dl className="grid grid-cols-2 gap-2 text-sm">
        <Fact name="Models in service">{training.champions}</Fact>
        <Fact name="Computed with" title={training.backendWhy ?? undefined}>
          {training.backend ?? 'not decided yet'}
        </Fact>
      </dl>
      <LinkButton href="/models/" className="mt-3">
        All models
      </LinkButton>
    </Card>
  );
}
