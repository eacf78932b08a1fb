/** Adds a webhook. */
'use client';

import type { FormEvent } from 'react';
import { useSWRConfig } from 'swr';
import { addChannel } from '@/api';
import { Button } from './button';
import { Failure } from './feedback';
import { Field, typedInto } from './field';
import { useJob } from './hooks';

export function ChannelForm() {
  const { mutate } = useSWRConfig();
  const job = useJob();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    job.run(async () => {
      await addChannel({ kind: 'webhook', name: typedInto(form, 'name'), url: typedInto(form, 'url') });
      form.reset();
      await mutate((key) => Array.isArray(key) && key[0] === 'channels');
    });
  };
  return (
    <form onSubmit={submit} className="space-y-3">
      <Field label="Name" name="name" required maxLength={100} placeholder="On call" />
      <Field
        label="Webhook address"
        name="url"
        type="url"
        required
        maxLength={2000}
        placeholder="https://example.org/hook"
        hint="Gets a JSON body with the alert, by POST, when it fires and when it resolves."
      />
      {job.error !== null && <Failure error={job.error} />}
      <Button type="submit" look="primary" disabled={job.isBusy}>
        {job.isBusy ? 'Adding…' : 'Add channel'}
      </Button>
    </form>
  );
}
