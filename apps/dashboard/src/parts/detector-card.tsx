/** A detector: which series it watches, how, and a button that trains its models now. */
'use client';

import { Dumbbell } from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Detector } from '@bellwether/contracts';
import { trainNow } from '@/api';
import { counted, duration, labelsInWords } from '@/words';
import { Button } from './button';
import { Card, Fact } from './card';
import { Failure } from './feedback';
import { useJob } from './hooks';

export function DetectorCard({ detector }: { detector: Detector }) {
  return (
    <Card title={`Detector: ${detector.name}`} aside={<TrainNow detector={detector} />}>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-2 text-sm sm:grid-cols-3 lg:grid-cols-6">
        <Fact name="Watches">
          {selectorInWords(detector.selector)} ({counted(detector.seriesCount, 'series', 'series')})
        </Fact>
        <Fact name="Models">{detector.models.map((kind) => kind.toUpperCase()).join(' and ')}</Fact>
        <Fact name="Forecasts">{counted(detector.horizon, 'step')} ahead</Fact>
        <Fact
          name="Alert budget"
          title="Expected false alarms per series and week; the threshold follows from it."
        >
          {counted(detector.alertBudget, 'false alarm')} per series and week
        </Fact>
        <Fact name="Alert begins and ends">
          {detector.fireAfter} strange, {detector.resolveAfter} calm in a row
        </Fact>
        <Fact name="Trains again after">{duration(detector.retrainHours * 3_600_000)}</Fact>
      </dl>
    </Card>
  );
}

function TrainNow({ detector }: { detector: Detector }) {
  const { mutate } = useSWRConfig();
  const [said, setSaid] = useState('');
  const job = useJob();
  const train = () =>
    job.run(async () => {
      const runs = await trainNow(detector.id);
      setSaid(
        runs.length === 0
          ? 'Nothing to train yet: no series has enough samples.'
          : `${counted(runs.length, 'run')} queued`,
      );
      await mutate(() => true);
    });
  return (
    <div className="flex flex-wrap items-center gap-2">
      <span role="status">{said}</span>
      {job.error !== null && <Failure error={job.error} />}
      <Button onClick={train} disabled={job.isBusy}>
        <Dumbbell aria-hidden className="size-4" /> {job.isBusy ? 'Queueing…' : 'Train now'}
      </Button>
    </div>
  );
}

function selectorInWords(selector: Detector['selector']): string {
  const labels = labelsInWords(selector.labels ?? {});
  const parts = [selector.name, labels].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? 'every series' : parts.join(' with ');
}
