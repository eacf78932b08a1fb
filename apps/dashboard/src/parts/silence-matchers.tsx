/** Which series a silence is about: its matchers, and how many series they match at this moment. */
'use client';

import { Plus, X } from 'lucide-react';
import type { Matcher, MatcherOp } from '@bellwether/contracts';
import { useSilencePreview } from '@/api';
import { EMPTY_MATCHER, inFormWords, OPS } from '@/silences';
import { counted, labelsInWords } from '@/words';
import { Button, IconButton } from './button';
import { INPUT } from './field';
import { useSettled } from './hooks';

const MOST = 10;

interface SilenceMatchersProps {
  matchers: Matcher[];
  onMatchers: (matchers: Matcher[]) => void;
}

export function SilenceMatchers({ matchers, onMatchers }: SilenceMatchersProps) {
  const change = (at: number, to: Partial<Matcher>) =>
    onMatchers(matchers.map((matcher, i) => (i === at ? { ...matcher, ...to } : matcher)));
  return (
    <fieldset>
      <legend className="mb-1 text-sm font-medium">Series that match all of</legend>
      <div className="space-y-2">
        {matchers.map((matcher, at) => (
          <Row
            key={at}
            number={at + 1}
            matcher={matcher}
            onChange={(to) => change(at, to)}
            {...(matchers.length > 1
              ? { onRemove: () => onMatchers(matchers.filter((_, i) => i !== at)) }
              : {})}
          />
        ))}
      </div>
      <div className="mt-2 flex flex-wrap items-start justify-between gap-x-3 gap-y-1">
        <Button
          disabled={matchers.length >= MOST}
          onClick={() => onMatchers([...matchers, { ...EMPTY_MATCHER, label: '' }])}
        >
          <Plus aria-hidden className="size-3.5" /> Add a matcher
        </Button>
        <p className="min-w-0 flex-1 basis-60 text-xs text-muted">
          = is, != is not, =~ and !~ match a regular expression against all of the value. __name__ is the name
          of the series; a label that is not there is empty.
        </p>
      </div>
      <Matches matchers={matchers} />
    </fieldset>
  );
}

interface RowProps {
  number: number;
  matcher: Matcher;
  onChange: (to: Partial<Matcher>) => void;
  onRemove?: () => void;
}

function Row({ number, matcher, onChange, onRemove }: RowProps) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)_4rem_minmax(0,1.5fr)_auto] items-center gap-1">
      <input
        aria-label={`Label ${number}`}
        className={`${INPUT} font-mono`}
        value={matcher.label}
        maxLength={200}
        required
        spellCheck={false}
        placeholder="host"
        onChange={(event) => onChange({ label: event.currentTarget.value })}
      />
      <select
        aria-label={`Operator ${number}`}
        className={`${INPUT} px-1`}
        value={matcher.op}
        onChange={(event) => onChange({ op: event.currentTarget.value as MatcherOp })}
      >
        {OPS.map((op) => (
          <option key={op}>{op}</option>
        ))}
      </select>
      <input
        aria-label={`Value ${number}`}
        className={`${INPUT} font-mono`}
        value={matcher.value}
        maxLength={200}
        spellCheck={false}
        placeholder={matcher.op.endsWith('~') ? 'web-.*' : 'web-1'}
        onChange={(event) => onChange({ value: event.currentTarget.value })}
      />
      {onRemove !== undefined && (
        <IconButton label={`Remove matcher ${number}`} onClick={onRemove}>
          <X aria-hidden className="size-4" />
        </IconButton>
      )}
    </div>
  );
}

/** Asked for once the typing rests. A row that is not filled in yet is nothing to complain about. */
function Matches({ matchers }: { matchers: Matcher[] }) {
  const settled = useSettled(JSON.stringify(matchers), 300);
  const asked = (JSON.parse(settled) as Matcher[]).filter(({ label }) => label !== '');
  const isUntouched = asked.every(({ value }) => value === '');
  const { data: preview, error } = useSilencePreview(isUntouched ? null : asked);
  const look = 'mt-2 rounded-md px-3 py-2 text-sm break-words';
  if (isUntouched)
    return <p className={`${look} bg-raised text-muted`}>Fill in a value to see what matches.</p>;
  if (error !== undefined)
    return (
      <p role="status" className={`${look} bg-warn-soft`}>
        {inFormWords(error.message)}
      </p>
    );
  if (preview === undefined) return <p className={`${look} bg-raised text-muted`}>Counting…</p>;
  if (preview.count === 0)
    return (
      <p role="status" className={`${look} bg-warn-soft`}>
        No series matches now. A counter is watched as rate(name); one that comes later is silenced all the
        same.
      </p>
    );
  const more = preview.count - preview.examples.length;
  return (
    <div role="status" className={`${look} bg-raised`}>
      <p>
        <strong className="font-semibold">{counted(preview.count, 'series', 'series')}</strong> match now,{' '}
        {preview.firing === 0
          ? 'none of them fires'
          : `${preview.firing.toLocaleString('en-GB')} of them firing`}
        .
      </p>
      <ul className="mt-1 text-xs text-muted">
        {preview.examples.map(({ id, name, labels, isFiring }) => (
          <li key={id}>
            {name} {labelsInWords(labels)}
            {isFiring && <span className="font-semibold text-alert"> firing</span>}
          </li>
        ))}
        {more > 0 && <li>and {more.toLocaleString('en-GB')} more</li>}
      </ul>
    </div>
  );
}
