/**
 * Keeps the screens current: one stream of live events makes cached answers stale, at most once a second and never while
 * the last refresh is still under way. While the stream is down everything is asked for again every ten seconds.
 */
'use client';

import type { LiveEvent } from '@bellwether/contracts';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { useSWRConfig } from 'swr';
import { openEvents } from './api';
import { isStaleAfter, type Key } from './keys';

export type LiveState = 'connecting' | 'live' | 'reconnecting';

const THROTTLE_MS = 1000;
const POLL_MS = 10_000;
const REOPEN_MS = 5000;

const LiveContext = createContext<LiveState>('connecting');

export const useLive = () => useContext(LiveContext);

export function LiveProvider({ children }: { children: ReactNode }) {
  const { mutate } = useSWRConfig();
  const [state, setState] = useState<LiveState>('connecting');

  useEffect(() => {
    const refresh = (isStale: (key: Key) => boolean) =>
      mutate((key) => Array.isArray(key) && isStale(key as unknown as Key)) as Promise<unknown>;
    return listen(refresh, setState);
  }, [mutate]);

  return <LiveContext value={state}>{children}</LiveContext>;
}

type Refresh = (isStale: (key: Key) => boolean) => Promise<unknown>;

/** Returns what closes the stream and stops the timers. */
function listen(refresh: Refresh, report: (state: LiveState) => void): () => void {
  let source: EventSource | undefined;
  let reopening: ReturnType<typeof setTimeout> | undefined;
  let wasDown = false;
  const batch = batched(refresh);

  const open = () => {
    source = openEvents();
    source.onopen = () => {
      report('live');
      if (wasDown) void refresh(() => true);
      wasDown = false;
    };
    source.onmessage = (message: MessageEvent<string>) => batch.add(JSON.parse(message.data) as LiveEvent);
    source.onerror = () => {
      report('reconnecting');
      wasDown = true;
      // The browser tries again by itself, except after an answer that was not a stream.
      if (source?.readyState === EventSource.CLOSED) reopening = setTimeout(open, REOPEN_MS);
    };
  };
  open();

  const polling = setInterval(() => {
    if (source?.readyState !== EventSource.OPEN && !document.hidden) void refresh(() => true);
  }, POLL_MS);

  return () => {
    source?.close();
    clearTimeout(reopening);
    clearInterval(polling);
    batch.stop();
  };
}

/** Gathers events and refreshes what they touch. A hidden page forgets them: swr refreshes all when it is looked at again. */
function batched(refresh: Refresh) {
  let events: LiveEvent[] = [];
  let isBusy = false;
  const flush = async () => {
    if (isBusy || events.length === 0) return;
    isBusy = true;
    const now = events;
    events = [];
    await refresh((key) => now.some((event) => isStaleAfter(key, event))).finally(() => {
      isBusy = false;
    });
  };
  const timer = setInterval(() => void flush(), THROTTLE_MS);
  return {
    add: (event: LiveEvent) => {
      if (!document.hidden) events.push(event);
    },
    stop: () => clearInterval(timer),
  };
}
