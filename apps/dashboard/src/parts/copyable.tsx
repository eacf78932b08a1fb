/** A snippet with a button that copies it. */
'use client';

import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { Button } from './button';

export function Copyable({ text, label }: { text: string; label: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    // Off localhost the clipboard needs https; the text can still be selected by hand.
    await navigator.clipboard?.writeText(text);
    setCopied(navigator.clipboard !== undefined);
    setTimeout(() => setCopied(false), 2000);
  };
  const Icon = isCopied ? Check : Copy;
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
        <Button look="quiet" onClick={() => void copy()}>
          <Icon aria-hidden className="size-3.5" />
          <span aria-live="polite">{isCopied ? 'Copied' : 'Copy'}</span>
        </Button>
      </div>
    </div>
  );
}
