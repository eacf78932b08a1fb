/** Adds a channel, or changes one. */
'use client';

import { useState, type FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import type { Channel, ChannelKind } from '@bellwether/contracts';
import { addChannel, ApiError, changeChannel } from '@/api';
import { beginning, changeIn, type Fields, inFormWords, isKind, KINDS, newChannel, SPECS } from '@/channels';
import { SEVERITIES } from '@/kinds';
import { Button } from './button';
import { ChannelField } from './channel-field';
import { Failure } from './feedback';
import { Area, Choice, Field, Tick } from './field';
import { useJob } from './hooks';

interface ChannelFormProps {
  /** The one to change; left out, one is added. */
  channel?: Channel;
  onDone: () => void;
}

export function ChannelForm({ channel, onDone }: ChannelFormProps) {
  const { mutate } = useSWRConfig();
  const [kind, setKind] = useState<ChannelKind>(channel?.kind ?? 'webhook');
  // What is typed stays, however often the channel is asked for meanwhile.
  const [first] = useState(channel);
  const job = useJob();
  const fields = beginning(kind, first);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const typed = typedFields(event.currentTarget);
    job.run(async () => {
      await (first === undefined
        ? addChannel(newChannel(kind, typed))
        : changeChannel(first.id, changeIn(kind, typed)));
      await mutate((key) => Array.isArray(key) && key[0] === 'channels');
      onDone();
    });
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      {first === undefined && <Kinds kind={kind} onKind={setKind} />}
      {first !== undefined && <p className="text-xs text-muted">{KINDS[kind].how}</p>}
      <div key={kind} className="space-y-3">
        <Field name="name" label="Name" required maxLength={100} defaultValue={fields['name']} />
        <div className="grid gap-3 sm:grid-cols-2">
          {SPECS[kind].map((spec) => (
            <ChannelField key={spec.name} spec={spec} value={fields[spec.name] ?? ''} channel={first} />
          ))}
        </div>
        <Routing kind={kind} fields={fields} />
      </div>
      {job.error !== null && <Failure error={inWords(kind, job.error)} />}
      <Button type="submit" look="primary" disabled={job.isBusy}>
        {job.isBusy ? 'Saving…' : first === undefined ? 'Add channel' : 'Save channel'}
      </Button>
    </form>
  );
}

function typedFields(form: HTMLFormElement): Fields {
  const typed = [...new FormData(form)].map(([name, value]) => [
    name,
    typeof value === 'string' ? value : '',
  ]);
  return Object.fromEntries(typed) as Fields;
}

const inWords = (kind: ChannelKind, error: Error): Error =>
  error instanceof ApiError
    ? new ApiError(error.status, inFormWords(kind, error.message), error.errors)
    : error;

function Kinds({ kind, onKind }: { kind: ChannelKind; onKind: (kind: ChannelKind) => void }) {
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Kind</legend>
      <div className="grid grid-cols-2 gap-1 sm:grid-cols-4">
        {Object.entries(KINDS).map(([value, { name }]) => (
          <label
            key={value}
            className="relative flex min-h-9 cursor-pointer items-center justify-center rounded-md border border-line px-2 text-sm hover:bg-raised has-checked:border-accent has-checked:bg-accent-soft has-checked:font-semibold has-checked:text-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent"
          >
            <input
              type="radio"
              name="kind"
              value={value}
              checked={kind === value}
              onChange={() => isKind(value) && onKind(value)}
              className="sr-only"
            />
            {name}
          </label>
        ))}
      </div>
      <p className="mt-1 text-xs text-muted">{KINDS[kind].how}</p>
    </fieldset>
  );
}

/** Which incidents it is told of, when and how often. */
function Routing({ kind, fields }: { kind: ChannelKind; fields: Fields }) {
  return (
    <details className="text-sm">
      <summary className="w-fit rounded text-muted hover:text-ink">Which incidents, and how often</summary>
      <div className="mt-2 grid gap-3 sm:grid-cols-2">
        <Field
          name="selector.name"
          label="Only series of this name"
          maxLength={200}
          defaultValue={fields['selector.name']}
          hint="Empty: of any name."
        />
        <Area
          name="selector.labels"
          label="Only series with these labels"
          defaultValue={fields['selector.labels']}
          placeholder="env=prod"
          hint="One a line, all of them together. Empty: with any."
        />
        <Choice
          name="leastSeverity"
          label="Least severity"
          options={SEVERITIES}
          defaultValue={fields['leastSeverity']}
          hint="Only incidents at least as severe."
        />
        <Field
          name="groupWaitSeconds"
          label="Waits for what joins, in s"
          type="number"
          required
          min={0}
          max={600}
          defaultValue={fields['groupWaitSeconds']}
          hint="So that the first word of an incident has it."
        />
        {kind !== 'alertmanager' && (
          <Field
            name="repeatHours"
            label="Remind every, hours"
            type="number"
            min={1}
            max={720}
            step="any"
            defaultValue={fields['repeatHours']}
            hint="While an incident is open and nobody has acknowledged it. Empty: never."
          />
        )}
        <Tick
          name="sendResolved"
          label="Tell when an incident is over, too"
          defaultChecked={fields['sendResolved'] === 'on'}
          className="sm:col-span-2"
        />
      </div>
    </details>
  );
}
