/** The ways to send samples, a tab each, with a snippet to copy. */
'use client';

import { Tabs } from 'radix-ui';
import { useSyncExternalStore } from 'react';
import { useSession } from '@/api';
import { waysToSend } from '@/snippets';
import { Copyable } from './copyable';

export function Send() {
  const origin = useOrigin();
  const { data: session } = useSession();
  const needsKey = session?.needsKey === true;
  const ways = waysToSend(origin, needsKey);
  return (
    <Tabs.Root defaultValue="curl" className="min-w-0">
      <Tabs.List aria-label="Ways to send" className="mb-2 flex flex-wrap gap-1">
        {ways.map(({ name }) => (
          <Tabs.Trigger
            key={name}
            value={name}
            className="min-h-8 rounded-md px-2.5 text-sm text-muted hover:bg-raised hover:text-ink data-[state=active]:bg-accent-soft data-[state=active]:font-semibold data-[state=active]:text-accent"
          >
            {name}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      {ways.map(({ name, says, text }) => (
        <Tabs.Content key={name} value={name} className="space-y-2 rounded-md">
          <p className="text-sm text-muted">{says}</p>
          <Copyable text={text} label={`Snippet for ${name}`} />
        </Tabs.Content>
      ))}
      <p className="mt-2 text-xs text-muted">
        {session?.needsKey === false &&
          'Bellwether listens on this machine only: HOST=0.0.0.0 lets others send, with a key. '}
        The{' '}
        <a href="/api/docs" className="text-accent underline">
          API’s documentation
        </a>{' '}
        has every field.
      </p>
    </Tabs.Root>
  );
}

const useOrigin = () =>
  useSyncExternalStore(
    () => () => undefined,
    () => window.location.origin,
    () => 'http://localhost:8080',
  );
