/** Changes the rule of a detector; what it would have raised is shown while it is being changed. */
'use client';

import { SlidersHorizontal } from 'lucide-react';
import { useId, useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { AlertKind, Detector } from '@bellwether/contracts';
import { ApiError, changeRule, useRulePreview } from '@/api';
import { KINDS, SEVERITIES } from '@/kinds';
import { AlertBars } from '@/charts/alert-bars';
import {
  changeOf,
  DIRECTIONS,
  fieldsOf,
  lasting,
  refusalInWords,
  type RuleFields,
  SENSITIVITIES,
} from '@/rules';
import { Button } from './button';
import { Modal } from './dialog';
import { Failure } from './feedback';
import { Choice, Field } from './field';
import { useJob, useSettled } from './hooks';

const TYPING_MS = 400;

const isPreview = (key: unknown): boolean => Array.isArray(key) && key[0] === 'rule-preview';

export function ChangeRule({ detector }: { detector: Detector }) {
  const [isOpen, setOpen] = useState(false);
  const trigger = (
    <Button>
      <SlidersHorizontal aria-hidden className="size-4" /> Change
    </Button>
  );
  return (
    <Modal title={`When to alert: ${detector.name}`} trigger={trigger} isOpen={isOpen} onOpenChange={setOpen}>
      <RuleForm detector={detector} onDone={() => setOpen(false)} />
    </Modal>
  );
}

function RuleForm({ detector, onDone }: { detector: Detector; onDone: () => void }) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  const [fields, setFields] = useState(() => fieldsOf(detector));
  const change = (to: Partial<RuleFields>) => setFields((before) => ({ ...before, ...to }));
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    job.run(async () => {
      await changeRule(detector.id, changeOf(fields));
      await mutate((key) => Array.isArray(key) && key[0] === 'detectors');
      // They are beside a rule that is no longer the present one.
      await mutate(isPreview, undefined, { revalidate: false });
      onDone();
    });
  };
  return (
    <form onSubmit={submit} noValidate className="space-y-4">
      <Budget fields={fields} onChange={change} />
      <Conditions fields={fields} onChange={change} periodMs={detector.periodMs} />
      <Kinds fields={fields} onChange={change} />
      <Preview detectorId={detector.id} fields={fields} />
      {job.error !== null && <Failure error={inWords(job.error)} />}
      <p className="text-xs text-muted">
        The preview is of anomalies. What is saved counts for samples from now on: alerts of before stay, and
        so do the thresholds of what was scored.
      </p>
      <div className="flex justify-end gap-2">
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" look="primary" disabled={job.isBusy}>
          {job.isBusy ? 'Saving…' : 'Save'}
        </Button>
      </div>
    </form>
  );
}

interface PartProps {
  fields: RuleFields;
  onChange: (to: Partial<RuleFields>) => void;
}

function Budget({ fields, onChange }: PartProps) {
  const name = useId();
  const options = [
    ...SENSITIVITIES,
    { word: 'number' as const, name: 'A number', says: 'of your own, a week' },
  ];
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">How sensitive: false alarms of one series</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {options.map(({ word, name: title, says }) => (
          <label
            key={word}
            className="flex cursor-pointer gap-2 rounded-md border border-line p-2 text-sm hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft"
          >
            <input
              type="radio"
              name={name}
              className="mt-0.5 accent-(--accent)"
              checked={fields.sensitivity === word}
              onChange={() => onChange({ sensitivity: word })}
            />
            <span>
              <span className="font-medium">{title}</span> <span className="text-muted">{says}</span>
            </span>
          </label>
        ))}
      </div>
      {fields.sensitivity === 'number' && (
        <Field
          label="False alarms per series and week"
          className="mt-2"
          type="number"
          min="0.1"
          max="1000"
          step="any"
          value={fields.budget}
          onChange={(event) => onChange({ budget: event.currentTarget.value })}
        />
      )}
    </fieldset>
  );
}

function Conditions({ fields, onChange, periodMs }: PartProps & { periodMs: number | null }) {
  const time = lasting(Number(fields.fireAfter), periodMs);
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Choice
        label="Direction"
        className="sm:col-span-2"
        options={DIRECTIONS}
        value={fields.direction}
        onChange={(event) => onChange({ direction: event.currentTarget.value as RuleFields['direction'] })}
      />
      <Field
        label="Smallest change that matters"
        type="number"
        min="0"
        step="any"
        placeholder="any"
        value={fields.change}
        onChange={(event) => onChange({ change: event.currentTarget.value })}
        hint="From what was expected. Empty: any."
      />
      <Choice
        label="Measured in"
        options={[
          ['unit', 'the unit of the series'],
          ['percent', '% of what was expected'],
        ]}
        value={fields.changeIn}
        onChange={(event) => onChange({ changeIn: event.currentTarget.value as RuleFields['changeIn'] })}
      />
      <Field
        label="How long it must last, in samples"
        type="number"
        min="1"
        max="100"
        value={fields.fireAfter}
        onChange={(event) => onChange({ fireAfter: event.currentTarget.value })}
        hint={`Strange samples in a row${time === '' ? '' : `, ${time}`}. What is far stranger alerts sooner.`}
      />
      <Field
        label="Calm samples until it ends"
        type="number"
        min="1"
        max="1000"
        value={fields.resolveAfter}
        onChange={(event) => onChange({ resolveAfter: event.currentTarget.value })}
      />
    </div>
  );
}

/** Their order is the API's, so that the same choice is the same rule. */
const ALL_KINDS = Object.keys(KINDS) as AlertKind[];

function Kinds({ fields: { severity, kinds }, onChange }: PartProps) {
  const toggle = (kind: AlertKind) =>
    onChange({ kinds: ALL_KINDS.filter((one) => kinds.includes(one) !== (one === kind)) });
  return (
    <div className="grid gap-3 sm:grid-cols-[minmax(0,1fr)_10rem]">
      <fieldset>
        <legend className="mb-1 text-sm font-medium">Kinds of alerts</legend>
        {ALL_KINDS.map((kind) => (
          <label key={kind} className="flex cursor-pointer gap-2 py-0.5 text-sm">
            <input
              type="checkbox"
              className="mt-0.5 size-4 shrink-0 accent-(--accent)"
              checked={kinds.includes(kind)}
              onChange={() => toggle(kind)}
            />
            <span>
              <span className="font-medium">{KINDS[kind].name}</span>{' '}
              <span className="text-muted">{KINDS[kind].says}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Choice
        label="Severity"
        options={SEVERITIES}
        value={severity}
        onChange={(event) => onChange({ severity: event.currentTarget.value as RuleFields['severity'] })}
        hint="Of its alerts; channels can ask for a least one."
      />
    </div>
  );
}

function Preview({ detectorId, fields }: { detectorId: number; fields: RuleFields }) {
  const asked = useSettled(fields, TYPING_MS);
  const { data, error, isValidating } = useRulePreview(detectorId, changeOf(asked));
  return (
    <section aria-label="Preview" className="min-h-40 rounded-md border border-line p-3">
      {error !== undefined ? (
        <Failure error={inWords(error)} />
      ) : (
        <>
          <p role="status" className="text-sm font-medium">
            {data?.detail ?? 'Looking at the newest 30 days …'}
            {isValidating && data !== undefined && <span className="text-muted"> Looking again …</span>}
          </p>
          {data !== undefined && data.seriesCount > 0 && (
            <div className="mt-2">
              <AlertBars asked={data.asked.days} present={data.present.days} />
            </div>
          )}
        </>
      )}
    </section>
  );
}

const inWords = (error: Error): Error =>
  error instanceof ApiError && error.errors.length > 0
    ? new ApiError(error.status, refusalInWords(error.errors), error.errors)
    : error;
