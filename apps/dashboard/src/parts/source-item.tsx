/** A source: whether it works, how far it has come, what went wrong; test it, change it, rest it, or delete it. */
'use client';

import {
  CircleCheck,
  CircleDashed,
  CirclePause,
  CirclePlay,
  FlaskConical,
  Pencil,
  RotateCw,
  Trash2,
} from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Source, SourceState, SourceTest } from '@bellwether/contracts';
import { changeSource, removeSource, testSource } from '@/api';
import { askedOf, cursorName, KINDS } from '@/sources';
import { ago, counted, duration, localTime, MISSING, refusalInWords } from '@/words';
import { Button } from './button';
import { Fact } from './card';
import { Confirm, Modal } from './dialog';
import { Failure } from './feedback';
import { useJob, useNow } from './hooks';
import { type Look, Mark } from './mark';
import { SourceForm } from './source-form';
import { SourceOutcome } from './source-outcome';

/** Four buttons fit beside each other on a phone without them. */
const ICON = 'size-3.5 max-sm:hidden';

export function SourceItem({ source }: { source: Source }) {
  const { place, what } = askedOf(source.settings);
  const { mutate } = useSWRConfig();
  const [test, setTest] = useState<SourceTest | null>(null);
  const job = useJob();
  const doing = (work: () => Promise<unknown>) =>
    job.run(async () => {
      await work();
      await mutate((key) => Array.isArray(key) && key[0] === 'sources');
    });
  const runTest = () => {
    setTest(null);
    doing(() => testSource(source.id).then(setTest));
  };
  return (
    <article aria-label={`Source ${source.name}`}>
      <div className="flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0 flex-1 basis-72">
          <h3 className="flex flex-wrap items-center gap-x-2 font-medium">
            <span className="break-words">{source.name}</span> <Mark {...STATES[source.state]} />
          </h3>
          <p className="text-xs break-all text-muted">
            {KINDS[source.settings.kind].name} at {place}
          </p>
          <p title={what} className="line-clamp-2 font-mono text-xs break-all text-muted">
            {what}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button onClick={runTest} disabled={job.isBusy} aria-label={`Test ${source.name}`}>
            <FlaskConical aria-hidden className={ICON} /> {job.isBusy ? 'Wait…' : 'Test'}
          </Button>
          <Edit source={source} />
          <Toggle source={source} isBusy={job.isBusy} doing={doing} />
          <Delete source={source} doing={doing} />
        </div>
      </div>
      <Progress source={source} />
      {job.error !== null && <Failure error={job.error} />}
      {test !== null && <SourceOutcome test={test} />}
    </article>
  );
}

const STATES: Record<SourceState, Look> = {
  disabled: { word: 'Disabled', icon: CirclePause, look: 'bg-raised text-muted' },
  starting: { word: 'Starting', icon: CircleDashed, look: 'bg-accent-soft text-accent' },
  working: { word: 'Working', icon: CircleCheck, look: 'bg-ok-soft text-ok' },
  failing: { word: 'Failing, tried again', icon: RotateCw, look: 'bg-alert-soft text-alert' },
};

function Edit({ source }: { source: Source }) {
  const [isOpen, setOpen] = useState(false);
  const trigger = (
    <Button aria-label={`Edit ${source.name}`}>
      <Pencil aria-hidden className={ICON} /> Edit
    </Button>
  );
  return (
    <Modal title={`Edit ${source.name}`} trigger={trigger} isOpen={isOpen} onOpenChange={setOpen}>
      <SourceForm source={source} onDone={() => setOpen(false)} />
    </Modal>
  );
}

interface DoingProps {
  source: Source;
  doing: (work: () => Promise<unknown>) => void;
}

function Toggle({ source: { id, name, isEnabled }, isBusy, doing }: DoingProps & { isBusy: boolean }) {
  const [word, Icon] = isEnabled ? (['Disable', CirclePause] as const) : (['Enable', CirclePlay] as const);
  return (
    <Button
      aria-label={`${word} ${name}`}
      disabled={isBusy}
      onClick={() => doing(() => changeSource(id, { isEnabled: !isEnabled }))}
    >
      <Icon aria-hidden className={ICON} /> {word}
    </Button>
  );
}

function Delete({ source: { id, name }, doing }: DoingProps) {
  return (
    <Confirm
      title={`Delete ${name}?`}
      action="Delete source"
      onConfirm={() => doing(() => removeSource(id))}
      trigger={
        <Button aria-label={`Delete ${name}`}>
          <Trash2 aria-hidden className={ICON} /> Delete
        </Button>
      }
    >
      Nothing is fetched from it any more. The series and samples it has brought stay.
    </Confirm>
  );
}

function Progress({ source }: { source: Source }) {
  const now = useNow();
  const success = source.lastSuccessAt === null ? null : Date.parse(source.lastSuccessAt);
  const cursor = source.cursorAt === null ? null : Date.parse(source.cursorAt);
  return (
    <>
      <dl className="mt-2 grid grid-cols-2 gap-x-6 gap-y-2 text-sm sm:grid-cols-4">
        <Fact name="Written">{counted(source.samplesWritten, 'sample')}</Fact>
        <Fact name={cursorName(source.settings.kind)}>{cursor === null ? MISSING : localTime(cursor)}</Fact>
        <Fact name="Behind the clock">{source.lagMs === null ? MISSING : duration(source.lagMs)}</Fact>
        <Fact name="Last success" title={success === null ? undefined : localTime(success)}>
          {success === null ? 'none yet' : ago(success, now)}
        </Fact>
      </dl>
      {/* A working source that has come somewhere says the same in its facts. */}
      {(source.state !== 'working' || cursor === null) && (
        <p className={`mt-2 text-sm break-words ${source.state === 'failing' ? 'text-alert' : 'text-muted'}`}>
          {source.why}
        </p>
      )}
      {source.refused.map((refusal) => (
        <p key={refusal.reason} className="mt-1 text-sm break-words text-warn">
          {refusalInWords(refusal)}
        </p>
      ))}
    </>
  );
}
