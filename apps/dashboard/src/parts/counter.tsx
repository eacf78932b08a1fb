/** Counters and their rates: each leads to the other, and a person says what is a counter. */
'use client';

import { Gauge } from 'lucide-react';
import Link from 'next/link';
import { useSWRConfig } from 'swr';
import type { Series } from '@bellwether/contracts';
import { changeSeries, useSeries, useSeriesList } from '@/api';
import { Button } from './button';
import { Confirm } from './dialog';
import { Failure } from './feedback';
import { useJob } from './hooks';
import { seriesHref } from './series-name';

/** From a counter to its rate, or from a rate to its counter; nothing for a series that is neither. */
export function OtherHalf({ series }: { series: Series }) {
  if (series.isCounter) return <ToRate counter={series} />;
  return series.rateOf === null ? null : <ToCounter id={series.rateOf} />;
}

const LINK = 'text-accent underline break-words';

function ToRate({ counter }: { counter: Series }) {
  // Names may hold more than a search takes.
  const search = `rate(${counter.name})`.slice(0, 200);
  const labels = Object.entries(counter.labels).map(([key, value]) => `${key}=${value}`);
  const { data } = useSeriesList({ search, labels, limit: 100, offset: 0 });
  const rate = data?.items.find(({ rateOf }) => rateOf === counter.id);
  if (rate === undefined) return null;
  return (
    <>
      {' · '}
      <Link href={seriesHref(rate.id)} className={LINK}>
        Go to {rate.name}
      </Link>
    </>
  );
}

function ToCounter({ id }: { id: number }) {
  const { data: counter } = useSeries(id);
  if (counter === undefined) return null;
  return (
    <>
      {' · '}the increase by the second of the counter{' '}
      <Link href={seriesHref(id)} className={LINK}>
        {counter.name}
      </Link>
    </>
  );
}

/** Declares a counter, or takes that back; a rate is neither. */
export function CounterSwitch({ series }: { series: Series }) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  if (series.rateOf !== null) return null;
  const change = () =>
    job.run(async () => {
      await changeSeries(series.id, { isCounter: !series.isCounter });
      await mutate(() => true);
    });
  const Question = series.isCounter ? TakeBack : Declare;
  return (
    <>
      <Question isBusy={job.isBusy} onConfirm={change} />
      {job.error !== null && <Failure error={job.error} />}
    </>
  );
}

interface QuestionProps {
  isBusy: boolean;
  onConfirm: () => void;
}

function Declare({ isBusy, onConfirm }: QuestionProps) {
  return (
    <Confirm
      title="Is this a counter?"
      action="It is a counter"
      look="primary"
      onConfirm={onConfirm}
      trigger={
        <Button look="quiet" disabled={isBusy}>
          <Gauge aria-hidden className="size-3.5" /> This is a counter
        </Button>
      }
    >
      A counter only grows, and begins anew at zero: requests served, energy used. A series of its rate by the
      second is made of all its samples and watched in its place. It can be taken back.
    </Confirm>
  );
}

function TakeBack({ isBusy, onConfirm }: QuestionProps) {
  return (
    <Confirm
      title="Is this no counter?"
      action="It is no counter"
      onConfirm={onConfirm}
      trigger={
        <Button look="quiet" disabled={isBusy}>
          <Gauge aria-hidden className="size-3.5" /> This is no counter
        </Button>
      }
    >
      The series of its rate is removed with its scores and alerts, and its own values are watched again.
    </Confirm>
  );
}
