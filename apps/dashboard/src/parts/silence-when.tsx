/** When a silence acts: a preset, from and to, or what recurs on the clock of a time zone. */
'use client';

import { useId } from 'react';
import { DAYS, endOf, type Fields, moment, type When, viewerZone, WHENS } from '@/silences';
import { Field } from './field';
import { useNow } from './hooks';

const PILL =
  'relative flex min-h-9 cursor-pointer items-center justify-center rounded-md border border-line px-2 text-sm hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent';

interface SilenceWhenProps {
  fields: Fields;
  onChange: (to: Partial<Fields>) => void;
  /** Only the end may change: it has begun. */
  isEndOnly: boolean;
}

export function SilenceWhen({ fields, onChange, isEndOnly }: SilenceWhenProps) {
  const { when } = fields;
  const isRecurring = when === 'Daily' || when === 'Weekly';
  return (
    <div className="space-y-3">
      {!isEndOnly && <Whens when={when} onChange={onChange} />}
      {when === 'From, to' && <FromTo fields={fields} onChange={onChange} isEndOnly={isEndOnly} />}
      {isRecurring && !isEndOnly && <Recurring fields={fields} onChange={onChange} />}
      {isRecurring && (
        <Field
          label="Until"
          type="datetime-local"
          value={fields.until}
          onChange={(event) => onChange({ until: event.currentTarget.value })}
          hint={`When it stops recurring, in ${viewerZone()}, your time zone; empty: when somebody ends it.`}
        />
      )}
      {!isRecurring && when !== 'From, to' && <Ends when={when} />}
    </div>
  );
}

type PartProps = Pick<SilenceWhenProps, 'fields' | 'onChange'>;

function Whens({ when, onChange }: { when: When } & Pick<PartProps, 'onChange'>) {
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">When</legend>
      <div className="grid grid-cols-2 gap-1 sm:grid-cols-3">
        {WHENS.map((value) => (
          <label key={value} className={PILL}>
            <input
              type="radio"
              name="when"
              value={value}
              checked={when === value}
              onChange={() => onChange({ when: value })}
              className="sr-only"
            />
            {value}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Ends({ when }: { when: When }) {
  const now = useNow();
  return (
    <p className="text-sm text-muted">
      From now until {moment(endOf(when, now), viewerZone(), now)} ({viewerZone()}, your time zone).
    </p>
  );
}

function FromTo({ fields, onChange, isEndOnly }: SilenceWhenProps) {
  return (
    <div>
      <div className="grid gap-3 sm:grid-cols-2">
        {!isEndOnly && (
          <Field
            label="From"
            type="datetime-local"
            required
            value={fields.from}
            onChange={(event) => onChange({ from: event.currentTarget.value })}
          />
        )}
        <Field
          label="To"
          type="datetime-local"
          required
          value={fields.to}
          onChange={(event) => onChange({ to: event.currentTarget.value })}
        />
      </div>
      <p className="mt-1 text-xs text-muted">
        In {viewerZone()}, your time zone.
        {fields.kind === 'maintenance' && !isEndOnly && ' A maintenance window may lie in the past.'}
      </p>
    </div>
  );
}

function Recurring({ fields, onChange }: PartProps) {
  const zones = useId();
  return (
    <>
      {fields.when === 'Weekly' && <Days fields={fields} onChange={onChange} />}
      <div className="grid grid-cols-2 gap-3 sm:grid-cols-[8rem_8rem_minmax(0,1fr)]">
        <Field
          label="Begins at"
          type="time"
          required
          value={fields.at}
          onChange={(event) => onChange({ at: event.currentTarget.value })}
        />
        <Field
          label="Lasts, in h"
          type="number"
          required
          min={0.25}
          max={168}
          step={0.25}
          value={fields.hours}
          onChange={(event) => onChange({ hours: event.currentTarget.value })}
        />
        <Field
          label="Time zone"
          required
          maxLength={64}
          list={zones}
          className="col-span-2 sm:col-span-1"
          value={fields.timeZone}
          onChange={(event) => onChange({ timeZone: event.currentTarget.value })}
        />
      </div>
      <datalist id={zones}>
        {['UTC', ...Intl.supportedValuesOf('timeZone')].map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

function Days({ fields: { days }, onChange }: PartProps) {
  const toggle = (day: number) =>
    onChange({ days: days.includes(day) ? days.filter((one) => one !== day) : [...days, day] });
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Begins on</legend>
      <div className="grid grid-cols-4 gap-1 sm:grid-cols-7">
        {DAYS.map((name, at) => (
          <label key={name} className={PILL}>
            <input
              type="checkbox"
              aria-label={name}
              checked={days.includes(at + 1)}
              onChange={() => toggle(at + 1)}
              className="sr-only"
            />
            {name.slice(0, 3)}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
