/** Sets what Bellwether infers of a series: its period, and the unit its values are shown in. */
'use client';

import { Pencil } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { Series } from '@bellwether/contracts';
import { changeSeries } from '@/api';
import { Button } from './button';
import { Modal } from './dialog';
import { Failure } from './feedback';
import { Field, typedInto } from './field';
import { useJob } from './hooks';

export function EditSeries({ series }: { series: Series }) {
  const [isOpen, setOpen] = useState(false);
  const trigger = (
    <Button look="quiet" aria-label="Edit unit and period">
      <Pencil aria-hidden className="size-3.5" /> Edit
    </Button>
  );
  return (
    <Modal title="Unit and period" trigger={trigger} isOpen={isOpen} onOpenChange={setOpen}>
      <Form series={series} onDone={() => setOpen(false)} />
    </Modal>
  );
}

function Form({ series, onDone }: { series: Series; onDone: () => void }) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const unit = typedInto(event.currentTarget, 'unit');
    const seconds = typedInto(event.currentTarget, 'period');
    const change = {
      unit: unit === '' ? null : unit,
      periodMs: seconds === '' ? null : Math.round(Number(seconds) * 1000),
    };
    job.run(async () => {
      await changeSeries(series.id, change);
      await mutate(() => true);
      onDone();
    });
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      <Field
        label="Unit"
        name="unit"
        maxLength={40}
        defaultValue={series.unit ?? ''}
        placeholder="%"
        hint="Shown beside every value, for example %, °C, bytes or requests/s. Empty: none."
      />
      <Field
        label="Period in seconds"
        name="period"
        type="number"
        min="0.001"
        step="any"
        max={31 * 86_400}
        defaultValue={series.periodIsSet && series.periodMs !== null ? series.periodMs / 1000 : ''}
        placeholder={series.periodMs === null ? 'inferred' : String(series.periodMs / 1000)}
        hint="Time between samples. Empty: inferred from the samples."
      />
      {job.error !== null && <Failure error={job.error} />}
      <Button type="submit" look="primary" disabled={job.isBusy}>
        {job.isBusy ? 'Saving…' : 'Save'}
      </Button>
    </form>
  );
}
