/** What stands where data is not: loading, nothing there yet, something went wrong, something takes long. */
import { CircleAlert, LoaderCircle } from 'lucide-react';
import type { ReactNode } from 'react';
import { percent } from '@/words';
import { Button } from './button';

export function Loading({ what = 'Loading' }: { what?: string }) {
  return (
    <p role="status" className="flex items-center gap-2 py-8 text-muted">
      <LoaderCircle aria-hidden className="size-4 animate-spin" />
      {what}…
    </p>
  );
}

/** An empty state: what is not there, and what to do next. */
export function Empty({
  title,
  children,
  action,
}: {
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="rounded-lg border border-dashed border-line-strong/60 px-4 py-6">
      <p className="font-semibold">{title}</p>
      <div className="mt-1 max-w-prose text-sm text-muted">{children}</div>
      {action !== undefined && <div className="mt-3 flex flex-wrap gap-2">{action}</div>}
    </div>
  );
}

export function Failure({ error, onRetry }: { error: Error; onRetry?: () => unknown }) {
  return (
    <div role="alert" className="flex items-start gap-2 rounded-md bg-alert-soft px-3 py-2 text-sm">
      <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-alert" />
      <p className="min-w-0 flex-1 break-words">{error.message}</p>
      {onRetry !== undefined && (
        <Button look="quiet" onClick={onRetry} className="-my-1">
          Try again
        </Button>
      )}
    </div>
  );
}

export function ProgressBar({ share, label }: { share: number; label: string }) {
  return (
    <div className="flex items-center gap-2">
      <div
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        className="h-1.5 flex-1 overflow-hidden rounded-full bg-raised"
      >
        <div
          className="h-full rounded-full bg-accent transition-[width]"
          style={{ width: `${share * 100}%` }}
        />
      </div>
      <span aria-hidden className="w-11 text-right text-xs text-muted">
        {percent(share)}
      </span>
    </div>
  );
}
