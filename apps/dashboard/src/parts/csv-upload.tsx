/** Drop or choose a CSV, watch it go. */
'use client';

import { FileUp } from 'lucide-react';
import { useRef, useState, type DragEvent } from 'react';
import { useSWRConfig } from 'swr';
import { uploadCsv } from '@/upload';
import { Button } from './button';
import { Failure, ProgressBar } from './feedback';
import { Field } from './field';
import { useJob } from './hooks';
import { useReport } from './upload-outcome';

export function CsvUpload({ onDone }: { onDone?: (() => void) | undefined }) {
  const report = useReport();
  const [name, setName] = useState('');
  const [timeColumn, setTimeColumn] = useState('');
  const [seriesColumn, setSeriesColumn] = useState('');
  const [share, setShare] = useState(0);
  const { mutate } = useSWRConfig();
  const job = useJob();

  const upload = (file: File) =>
    job.run(async () => {
      setShare(0);
      report({
        fileName: file.name,
        result: await uploadCsv(
          { file, name: name.trim(), timeColumn: timeColumn.trim(), seriesColumn: seriesColumn.trim() },
          setShare,
        ),
      });
      onDone?.();
      await mutate(() => true);
    });

  return (
    <div className="space-y-3">
      <DropZone isBusy={job.isBusy} onFile={upload} />
      {job.isBusy && (
        <div>
          <ProgressBar share={share} label="Upload" />
          <p className="text-xs text-muted">{share < 1 ? 'Uploading…' : 'Writing samples…'}</p>
        </div>
      )}
      {job.error !== null && <Failure error={job.error} />}
      <details className="text-sm">
        <summary className="w-fit rounded text-muted hover:text-ink">Columns and names</summary>
        <div className="mt-2 space-y-3">
          <Field
            label="Series name"
            value={name}
            onChange={(event) => setName(event.target.value)}
            hint="Empty: the name of the file."
          />
          <Field
            label="Time column"
            value={timeColumn}
            onChange={(event) => setTimeColumn(event.target.value)}
            hint="Empty: found by itself (time, timestamp, date, …)."
          />
          <Field
            label="Series column"
            value={seriesColumn}
            onChange={(event) => setSeriesColumn(event.target.value)}
            hint="A column that says which series a row belongs to. Empty: there is none."
          />
        </div>
      </details>
    </div>
  );
}

function DropZone({ isBusy, onFile }: { isBusy: boolean; onFile: (file: File) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file !== undefined && !isBusy) onFile(file);
  };
  return (
    <div
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={`rounded-md border border-dashed p-4 text-center text-sm ${isOver ? 'border-accent bg-accent-soft' : 'border-line-strong'}`}
    >
      <input
        ref={input}
        type="file"
        accept=".csv,text/csv,text/plain"
        aria-label="CSV file"
        className="sr-only"
        tabIndex={-1}
        onChange={(event) => {
          const file = event.target.files?.[0];
          event.target.value = '';
          if (file !== undefined) onFile(file);
        }}
      />
      <Button onClick={() => input.current?.click()} disabled={isBusy}>
        <FileUp aria-hidden className="size-4" /> Choose a CSV file
      </Button>
      <p className="mt-1.5 text-muted">or drop it here</p>
    </div>
  );
}
