/** A snippet with a button that copies it. */
'use client';

import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from './button';

export function Copyable({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState<string | null>(null);
  const say = (words: string) => {
    setSaid(words);
    setTimeout(() => setSaid(null), 3000);
  };
  // Off localhost a browser offers the clipboard over https only.
  const clipboard = () => navigator.clipboard as Clipboard | undefined;
  const copy = () => {
    const written = clipboard()?.writeText(text) ?? Promise.reject(new Error('no clipboard'));
    written.then(
      () => say('Copied'),
      () => say('Select the text and copy it: this browser gives no access to the clipboard'),
    );
  };
  const Icon = said === 'Copied' ? Check : Copy;
  return (
    <div className="rounded-md border border-line bg-raised">
      <pre
        tabIndex={0}
        aria-label={label}
        className="overflow-x-auto p-2.5 font-mono text-xs leading-relaxed"
      >
        {text}
      </pre>
      <div className="border-t border-line p-1">
        <Button look="quiet" onClick={copy} className="text-left whitespace-normal">
          <Icon aria-hidden className="size-3.5" />
          <span aria-live="polite">{said ?? 'Copy'}</span>
        </Button>
      </div>
    </div>
  );
}
