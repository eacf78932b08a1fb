/** A silence: what it is about, when it acts, what it has held back; end it, change it, or delete it. */
'use client';

import { BellOff, CircleCheck, Clock, Pencil, Square, Trash2, Wrench } from 'lucide-react';
import { useState } from 'react';
import { useSWRConfig } from 'swr';
import type { Silence } from '@bellwether/contracts';
import { endSilence, removeSilence } from '@/api';
import {
  heldInWords,
  matcherInWords,
  moment,
  occurrenceInWords,
  scheduleInWords,
  viewerZone,
  zoneOf,
} from '@/silences';
import { ago } from '@/words';
import { Button } from './button';
import { Fact } from './card';
import { Confirm, Modal } from './dialog';
import { Failure } from './feedback';
import { useJob, useNow } from './hooks';
import { type Look, Mark } from './mark';
import { SilenceForm } from './silence-form';

const ICON = 'size-3.5 max-sm:hidden';

export function SilenceItem({ silence }: { silence: Silence }) {
  const { mutate } = useSWRConfig();
  const job = useJob();
  const name = nameOf(silence);
  const doing = (work: () => Promise<unknown>) =>
    job.run(async () => {
      await work();
      await mutate((key) => Array.isArray(key) && key[0] === 'silences');
    });
  return (
    <article aria-label={`${silence.kind === 'silence' ? 'Silence' : 'Maintenance window'}: ${name}`}>
      <div className="flex flex-wrap items-start justify-between gap-2">
        <div className="min-w-0 flex-1 basis-72">
          <h3 className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
            <span className="break-words">{name}</span> <State silence={silence} />
          </h3>
          <p className="mt-1 flex flex-wrap gap-1">
            {silence.matchers.map((matcher, at) => (
              <span
                key={at}
                className="rounded bg-raised px-1.5 font-mono text-xs leading-5 break-all text-muted"
              >
                {matcherInWords(matcher)}
              </span>
            ))}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {silence.state !== 'past' && (
            <Button
              aria-label={`End ${name}`}
              disabled={job.isBusy}
              onClick={() => doing(() => endSilence(silence.id, 'somebody at the dashboard'))}
            >
              <Square aria-hidden className={ICON} /> End now
            </Button>
          )}
          <Edit silence={silence} name={name} />
          {!silence.hasActed && <Delete silence={silence} name={name} doing={doing} />}
        </div>
      </div>
      <Facts silence={silence} />
      {job.error !== null && <Failure error={job.error} />}
    </article>
  );
}

const nameOf = ({ comment, kind, id }: Silence): string =>
  comment !== '' ? comment : `${kind === 'silence' ? 'Silence' : 'Maintenance window'} ${id}`;

const STATES: Record<Silence['state'], Look> = {
  active: { word: 'Active', icon: BellOff, look: 'bg-warn-soft text-warn' },
  upcoming: { word: 'Upcoming', icon: Clock, look: 'bg-accent-soft text-accent' },
  past: { word: 'Past', icon: CircleCheck, look: 'bg-raised text-muted' },
};

function State({ silence: { state, kind } }: { silence: Silence }) {
  return (
    <>
      <Mark {...STATES[state]} />
      {kind === 'maintenance' && (
        <Mark {...MAINTENANCE} title="Its samples are left out of later training." />
      )}
    </>
  );
}

const MAINTENANCE: Look = { word: 'Maintenance', icon: Wrench, look: 'bg-raised text-muted' };

function Facts({ silence }: { silence: Silence }) {
  const now = useNow();
  const here = viewerZone();
  const shown = silence.current ?? silence.next;
  const zone = zoneOf(silence);
  return (
    <dl className="mt-2 grid gap-x-6 gap-y-2 text-sm sm:grid-cols-[minmax(0,2fr)_minmax(0,2fr)_minmax(0,1fr)]">
      <Fact name="When">{scheduleInWords(silence.schedule)}</Fact>
      {shown === null ? (
        <Ended silence={silence} />
      ) : (
        <Fact name={silence.current === null ? `Next, ${ago(Date.parse(shown.from), now)}` : 'Now'}>
          {occurrenceInWords(shown, here, now)}
          <span className="block text-xs font-normal text-muted">
            {here}, your time zone
            {zone !== null && zone !== here && `; ${occurrenceInWords(shown, zone, now)} in ${zone}`}
          </span>
        </Fact>
      )}
      <Fact name="Held back">{heldInWords(silence.held)}</Fact>
    </dl>
  );
}

function Ended({ silence: { endedAt, endedBy, schedule } }: { silence: Silence }) {
  const now = useNow();
  const end = endedAt ?? (schedule.kind === 'once' ? schedule.to : schedule.until);
  if (end === null) return null;
  return (
    <Fact name="Ended">
      {moment(Date.parse(end), viewerZone(), now)}
      <span className="block text-xs font-normal text-muted">
        {viewerZone()}, your time zone; {endedBy === null ? 'ran out' : `by ${endedBy}`}
      </span>
    </Fact>
  );
}

interface PartProps {
  silence: Silence;
  name: string;
}

function Edit({ silence, name }: PartProps) {
  const [isOpen, setOpen] = useState(false);
  const trigger = (
    <Button aria-label={`Edit ${name}`}>
      <Pencil aria-hidden className={ICON} /> Edit
    </Button>
  );
  return (
    <Modal title={`Edit ${name}`} trigger={trigger} isOpen={isOpen} onOpenChange={setOpen}>
      <SilenceForm silence={silence} onDone={() => setOpen(false)} />
    </Modal>
  );
}

function Delete({ silence, name, doing }: PartProps & { doing: (work: () => Promise<unknown>) => void }) {
  return (
    <Confirm
      title={`Delete ${name}?`}
      action="Delete"
      onConfirm={() => doing(() => removeSilence(silence.id))}
      trigger={
        <Button aria-label={`Delete ${name}`}>
          <Trash2 aria-hidden className={ICON} /> Delete
        </Button>
      }
    >
      Nothing has come of it yet. Alerts of its series notify as if it had never been there.
    </Confirm>
  );
}
