/** The three ways to get samples in: a demo to look at, a file at hand, or a line of code. */
'use client';

import { Play } from 'lucide-react';
import { useSyncExternalStore, type ReactNode } from 'react';
import { useSWRConfig } from 'swr';
import { startDemo, useDemo, useSession } from '@/api';
import { Button } from './button';
import { Copyable } from './copyable';
import { CsvUpload } from './csv-upload';
import { Failure } from './feedback';
import { useJob } from './hooks';

const DEMO_SPEED = 300;

interface ConnectProps {
  hasDemo?: boolean;
  /** Called when samples are in. */
  onDone?: () => void;
}

export function Connect({ hasDemo = true, onDone }: ConnectProps) {
  return (
    <div className={`grid gap-3 ${hasDemo ? 'lg:grid-cols-3' : 'md:grid-cols-2'}`}>
      {hasDemo && (
        <Way
          title="See it work first"
          says="Real, public measurements with known faults, replayed as if they came in now."
        >
          <StartDemo />
        </Way>
      )}
      <Way title="Upload a CSV" says="One column of times, one column of numbers per series, a heading each.">
        <CsvUpload onDone={onDone} />
      </Way>
      <Way
        title="Send samples"
        says="From a script, a cron job or a service: one request, as many samples as you like."
      >
        <Curl />
      </Way>
    </div>
  );
}

function Way({ title, says, children }: { title: string; says: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0 rounded-lg border border-line bg-surface p-4">
      <h2 className="font-semibold">{title}</h2>
      <p className="mt-0.5 mb-3 text-sm text-muted">{says}</p>
      {children}
    </section>
  );
}

function StartDemo() {
  const { data: demo, mutate: mutateDemo } = useDemo();
  const { mutate } = useSWRConfig();
  const job = useJob();
  const start = () =>
    job.run(async () => {
      await mutateDemo(startDemo(DEMO_SPEED), { revalidate: false });
      await mutate(() => true);
    });
  return (
    <div className="space-y-2">
      <Button look="primary" onClick={start} disabled={job.isBusy || demo?.isRunning === true}>
        <Play aria-hidden className="size-4" /> {job.isBusy ? 'Starting the demo…' : 'Start the demo'}
      </Button>
      <p className="text-xs text-muted">
        One minute of the demo is five hours of measurements. Whatever it adds can be removed again with one
        click.
      </p>
      {job.error !== null && <Failure error={job.error} />}
    </div>
  );
}

function Curl() {
  const origin = useOrigin();
  const { data: session } = useSession();
  return (
    <div className="space-y-2">
      <Copyable
        text={curlFor(origin, session?.needsKey === true)}
        label="curl command that sends one sample"
      />
      <p className="text-xs text-muted">
        Run it every few seconds and a series grows. The{' '}
        <a href="/api/docs" className="text-accent underline">
          API’s documentation
        </a>{' '}
        has every field.
      </p>
    </div>
  );
}

/** Every run sends another number, so that a loop around it makes a series worth looking at. */
function curlFor(origin: string, needsKey: boolean): string {
  const lines = [
    `curl ${origin}/api/v1/samples`,
    ...(needsKey ? [`-H 'authorization: Bearer YOUR_API_KEY'`] : []),
    `-H 'content-type: application/json'`,
    `-d '[{"series": "dice",\n        "time": '$(date +%s000)',\n        "value": '$((RANDOM % 6 + 1))'}]'`,
  ];
  return lines.join(' \\\n  ');
}

const useOrigin = () =>
  useSyncExternalStore(
    () => () => undefined,
    () => window.location.origin,
    () => 'http://localhost:8080',
  );
