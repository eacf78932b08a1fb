/** The ways to get samples in: a demo to look at, a file at hand, a source to fetch from, or what sends them already. */
'use client';

import { CloudDownload, Play } from 'lucide-react';
import type { ReactNode } from 'react';
import { useSWRConfig } from 'swr';
import { startDemo, useDemo } from '@/api';
import { Button, LinkButton } from './button';
import { CsvUpload } from './csv-upload';
import { Failure } from './feedback';
import { useJob } from './hooks';
import { Send } from './send';

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
        title="Let Bellwether fetch"
        says="From Prometheus, SQL, MQTT or Kafka: what is there already, and what comes from now on."
      >
        <LinkButton href="/sources/">
          <CloudDownload aria-hidden className="size-4" /> Go to sources
        </LinkButton>
      </Way>
      <Way
        title="Send samples"
        says="From what measures already, or a line of code."
        className="col-span-full"
      >
        <Send />
      </Way>
    </div>
  );
}

interface WayProps {
  title: string;
  says: string;
  children: ReactNode;
  className?: string;
}

function Way({ title, says, children, className = '' }: WayProps) {
  return (
    <section
      aria-label={title}
      className={`min-w-0 rounded-lg border border-line bg-surface p-4 ${className}`}
    >
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
