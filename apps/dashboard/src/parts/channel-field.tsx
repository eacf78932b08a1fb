/** One field of a channel. A secret that is kept is not shown: it is written only to be replaced, or removed where it can be missing. */
'use client';

import { KeyRound } from 'lucide-react';
import { useRef, useState } from 'react';
import type { Channel } from '@bellwether/contracts';
import { isKept, type Spec } from '@/channels';
import { Button } from './button';
import { Area, Choice, Field, Tick } from './field';

interface ChannelFieldProps {
  spec: Spec;
  /** What it holds at first; of a secret, nothing. */
  value: string;
  channel: Channel | undefined;
}

export function ChannelField({ spec, value, channel }: ChannelFieldProps) {
  const { name, label, type, hint, placeholder, options = [], isOptional = false } = spec;
  if (type === 'tick')
    return <Tick name={name} label={label} defaultChecked={value === 'on'} className="sm:col-span-2" />;
  if (type === 'choice')
    return <Choice name={name} label={label} hint={hint} defaultValue={value} options={options} />;
  if (type === 'lines')
    return (
      <Area name={name} label={label} hint={hint} placeholder={placeholder} defaultValue={value} required />
    );
  const kept = isKept(channel, name);
  const props = {
    ...{ name, label, type, min: spec.min, max: spec.max, defaultValue: value },
    ...{ autoCapitalize: 'none', spellCheck: false },
    autoComplete: type === 'password' ? 'new-password' : 'off',
    required: !isOptional && !kept,
    hint: kept ? `Set${name === 'url' ? `, at ${channel!.place}` : ''}. Empty: it is kept.` : hint,
    placeholder: kept ? 'set' : placeholder,
  };
  return (
    <div className={type === 'url' || name === 'secret' ? 'sm:col-span-2' : ''}>
      {name === 'secret' ? <SigningSecret {...props} /> : <Field {...props} />}
      {kept && isOptional && (
        <Tick name={`${name}.remove`} label={`${label}: remove what is set`} className="mt-1.5" />
      )}
    </div>
  );
}

/** Can be made here; it is shown, since the receiver needs it too, and it is not shown again. */
function SigningSecret(props: React.ComponentProps<typeof Field>) {
  const frame = useRef<HTMLDivElement>(null);
  const [isMade, setMade] = useState(false);
  const make = () => {
    const input = frame.current?.querySelector('input');
    if (input)
      input.value = `whsec_${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
    setMade(true);
  };
  return (
    <div ref={frame} className="grid grid-cols-[minmax(0,1fr)_auto] items-start gap-2">
      <Field {...props} type={isMade ? 'text' : 'password'} />
      <Button onClick={make} className="mt-6">
        <KeyRound aria-hidden className="size-3.5" /> Make one
      </Button>
    </div>
  );
}
