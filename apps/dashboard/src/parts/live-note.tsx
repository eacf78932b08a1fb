/** Says whether the screen follows the newest samples. */
'use client';

import { Radio, RefreshCw } from 'lucide-react';
import { useLive } from '@/live';

export function LiveNote() {
  const state = useLive();
  return (
    <p role="status" className="flex items-center gap-1.5 text-xs text-muted">
      {state === 'live' && (
        <>
          <Radio aria-hidden className="size-3.5 text-ok" /> Live
        </>
      )}
      {state === 'reconnecting' && (
        <>
          <RefreshCw aria-hidden className="size-3.5 animate-spin text-warn" />
          <span title="The live stream is down; the screen refreshes every 10 s until it is back.">
            Reconnecting…
          </span>
        </>
      )}
    </p>
  );
}
