/** A detector: which series it watches, how, when it alerts, and buttons that change that and train its models now. */
'use client';

import { Dumbbell } from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Detector } from '@bellwether/contracts';
import { trainNow } from '@/api';
import { kindsInWords, severityName } from '@/kinds';
import { budgetInWords, changeInWords, lastingInWords } from '@/rules';
import { counted, duration, labelsInWords } from '@/words';
import { Button } from './button';
import { Card, Fact } from './card';
import { Failure } from './feedback';
import { useJob } from './hooks';
import { ChangeRule } from './rule-form';

export function DetectorCard({ detector }: { detector: Detector }) {
  return (
    <Card title={`Detector: ${detector.name}`} aside={<Actions detector={detector} />}>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-2 text-sm sm:grid-cols-3 lg:grid-cols-4">
        <Fact name="Watches">
          {selectorInWords(detector.selector)} ({counted(detector.seriesCount, 'series', 'series')})
        </Fact>
        <Fact name="Models">{detector.models.map((kind) => kind.toUpperCase()).join(' and ')}</Fact>
        <Fact name="Forecasts">{counted(detector.horizon, 'step')} ahead</Fact>
        <Fact
          name="Alert budget"
          title="Expected false alarms per series and week; the threshold follows from it."
        >
          {budgetInWords(detector.alertBudget)}
        </Fact>
        <Fact name="Alerts on" title="How an anomaly lies to what was expected.">
          {changeInWords(detector)}
        </Fact>
        <Fact name="Begins and ends">{lastingInWords(detector)}</Fact>
        <Fact name="Kinds of alerts">{kindsInWords(detector.kinds)}</Fact>
        <Fact name="Severity">{severityName(detector.severity)}</Fact>
        <Fact name="Rule" title="Every change of the rule is a version; alerts say which they began under.">
          version {detector.ruleVersion}
        </Fact>
        <Fact name="Trains again after">{duration(detector.retrainHours * 3_600_000)}</Fact>
      </dl>
    </Card>
  );
}

function Actions({ detector }: { detector: Detector }) {
  return (
    <div className="flex flex-wrap items-center gap-2">
      <ChangeRule detector={detector} />
      <TrainNow detector={detector} />
    </div>
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
