/** Sets what Bellwether infers of a series: its period, and the unit its values are shown in; and the limits it should keep. */
'use client';

import { Pencil } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { Series } from '@bellwether/contracts';
import { ApiError, changeSeries } from '@/api';
import { inFormWords, limitFieldsOf, limitsIn } from '@/limits';
import { Button } from './button';
import { Modal } from './dialog';
import { Failure } from './feedback';
import { Field, typedInto } from './field';
import { useJob } from './hooks';

export function EditSeries({ series }: { series: Series }) {
  const [isOpen, setOpen] = useState(false);
  const trigger = (
    <Button look="quiet" aria-label="Edit unit, period and limits">
      <Pencil aria-hidden className="size-3.5" /> Edit
    </Button>
  );
  return (
    <Modal title="Unit, period and limits" trigger={trigger} isOpen={isOpen} onOpenChange={setOpen}>
      <Form series={series} onDone={() => setOpen(false)} />
    </Modal>
  );
}

function Form({ series, onDone }: { series: Series; onDone: () => void }) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = (name: string) => typedInto(event.currentTarget, name);
    const [unit, seconds] = [typed('unit'), typed('period')];
    const change = {
      unit: unit === '' ? null : unit,
      periodMs: seconds === '' ? null : Math.round(Number(seconds) * 1000),
      ...limitsIn({ upper: typed('upper'), lower: typed('lower'), probability: typed('probability') }),
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
      <Limits series={series} />
      {job.error !== null && <Failure error={inWords(job.error)} />}
      <Button type="submit" look="primary" disabled={job.isBusy}>
        {job.isBusy ? 'Saving…' : 'Save'}
      </Button>
    </form>
  );
}

function Limits({ series }: { series: Series }) {
  const { upper, lower, probability } = limitFieldsOf(series);
  const unit = series.unit === null ? '' : `, in ${series.unit}`;
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Limits</legend>
      <p className="mb-2 text-xs text-muted">
        Values it should not go beyond. An alert is raised when a forecast says that it will, and when it
        does.
      </p>
      <div className="grid gap-3 sm:grid-cols-3">
        <Field
          label={`Upper limit${unit}`}
          name="upper"
          type="number"
          step="any"
          defaultValue={upper}
          placeholder="none"
        />
        <Field
          label={`Lower limit${unit}`}
          name="lower"
          type="number"
          step="any"
          defaultValue={lower}
          placeholder="none"
        />
        <Field
          label="How sure, in %"
          name="probability"
          type="number"
          min="50"
          max="95"
          step="any"
          defaultValue={probability}
          placeholder="80"
          hint="A forecast has to be, 50 to 95 %."
        />
      </div>
    </fieldset>
  );
}

const inWords = (error: Error): Error =>
  error instanceof ApiError ? new ApiError(error.status, inFormWords(error.message), error.errors) : error;
