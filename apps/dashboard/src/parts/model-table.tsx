/** Every version of every model: how good it is against the champion of its time, and on what it was trained. */
'use client';

import { Crown } from 'lucide-react';
import type { Model } from '@bellwether/contracts';
import { ago, bytes, counted, duration, figure, localTime, MISSING, utcTime } from '@/words';
import { Card } from './card';
import { Empty } from './feedback';
import { useNow } from './hooks';

const CELL = 'border-t border-line py-2 pr-4 align-top whitespace-nowrap';
const HEADINGS = [
  'Model',
  'Held-out loss',
  'Champion’s',
  'Trained on',
  'Took',
  'Computed with',
  'Size',
  'Made',
];

export function ModelTable({ models }: { models: Model[] }) {
  const now = useNow(30_000);
  return (
    <Card title="Versions" aside="loss is −ELBO of raw values, in nats per held-out sample; lower is better">
      {models.length === 0 ? (
        <Empty title="No model yet">
          The first one is trained by itself as soon as a series has enough samples. “Train now” says what is
          missing.
        </Empty>
      ) : (
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label="Model versions">
          <table className="w-full text-left text-sm">
            <caption className="sr-only">Model versions, newest first</caption>
            <thead className="text-xs text-muted">
              <tr>
                {HEADINGS.map((heading) => (
                  <th key={heading} scope="col" className="py-1.5 pr-4 font-medium whitespace-nowrap">
                    {heading}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {models.map((model) => (
                <ModelRow key={model.id} model={model} now={now} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

function ModelRow({ model, now }: { model: Model; now: number }) {
  const made = Date.parse(model.createdAt);
  const span = Date.parse(model.dataTo) - Date.parse(model.dataFrom);
  return (
    <tr>
      <th
        scope="row"
        className={`${CELL} font-medium`}
        title={`seed ${model.seed}, run ${model.trainingRunId}`}
      >
        {model.kind.toUpperCase()} v{model.version}
        {model.isChampion && (
          <span className="ml-2 inline-flex items-center gap-1 rounded-full bg-ok-soft px-2 text-xs leading-5 text-ok">
            <Crown aria-hidden className="size-3" /> Champion
          </span>
        )}
        <span className="block text-xs font-normal text-muted">period {duration(model.periodMs)}</span>
      </th>
      <td className={`${CELL} font-medium`}>{loss(model.heldOutLoss)}</td>
      <td className={CELL}>
        {loss(model.championLoss)}
        <span className="block text-xs text-muted">{verdict(model)}</span>
      </td>
      <td className={CELL}>
        {counted(model.seriesCount, 'series', 'series')}
        <span className="block text-xs text-muted">
          {counted(model.sampleCount, 'sample')} over {duration(span)}
        </span>
      </td>
      <td className={CELL}>{duration(model.trainingSeconds * 1000)}</td>
      <td className={CELL}>{model.backend}</td>
      <td className={CELL}>{bytes(model.weightBytes)}</td>
      <td className={CELL} title={`${localTime(made)} (${utcTime(made)})`}>
        {ago(made, now)}
      </td>
    </tr>
  );
}

function loss(value: number | null): string {
  return value === null ? MISSING : `${figure(value)} nats`;
}

function verdict({ heldOutLoss, championLoss }: Model): string {
  if (heldOutLoss === null || championLoss === null) return 'nothing to compare with';
  const difference = Math.abs(heldOutLoss - championLoss);
  if (difference < 1e-9) return 'equal';
  return `${figure(difference, 2)} nats ${heldOutLoss < championLoss ? 'better' : 'worse'}`;
}
