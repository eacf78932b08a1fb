/** A series as it appears in lists: its name as a link, its labels, and its state with an icon and a word. */
import { BellRing, CircleOff, Eye, Gauge, Hourglass, LoaderCircle } from 'lucide-react';
import Link from 'next/link';
import type { Series, SeriesState } from '@bellwether/contracts';
import type { RangeChoice } from '@/range';
import { rangeToParams } from '@/range';
import { type Look, Mark } from './mark';

export function seriesHref(id: number, choice?: RangeChoice): string {
  const params = new URLSearchParams({
    id: String(id),
    ...(choice === undefined ? {} : rangeToParams(choice)),
  });
  return `/series/?${params.toString()}`;
}

interface SeriesNameProps {
  id: number;
  name: string;
  labels: Record<string, string>;
  choice?: RangeChoice;
}

export function SeriesName({ id, name, labels, choice }: SeriesNameProps) {
  return (
    <span className="inline-flex min-w-0 flex-wrap items-center gap-x-1.5 gap-y-0.5">
      <Link
        href={seriesHref(id, choice)}
        className="font-medium break-words hover:text-accent hover:underline"
      >
        {name}
      </Link>
      <LabelChips labels={labels} />
    </span>
  );
}

export function LabelChips({ labels }: { labels: Record<string, string> }) {
  return Object.entries(labels).map(([key, value]) => (
    <Link
      key={key}
      href={`/series/?${new URLSearchParams({ label: `${key}=${value}` }).toString()}`}
      title={`Series with ${key}=${value}`}
      className="rounded bg-raised px-1.5 text-xs leading-5 break-words text-muted hover:text-accent hover:underline"
    >
      {key}={value}
    </Link>
  ));
}

const STATES: Record<SeriesState, Look> = {
  collecting: { word: 'Collecting', icon: Hourglass, look: 'bg-raised text-muted' },
  unmodelled: { word: 'No model', icon: CircleOff, look: 'bg-warn-soft text-warn' },
  training: { word: 'Training', icon: LoaderCircle, look: 'bg-accent-soft text-accent' },
  watching: { word: 'Watching', icon: Eye, look: 'bg-ok-soft text-ok' },
  firing: { word: 'Firing', icon: BellRing, look: 'bg-alert-soft text-alert' },
};

/** A counter has no model since its rate has one: nothing to worry about. */
const COUNTER = { word: 'Counter', icon: Gauge, look: 'bg-raised text-muted' };

interface StateBadgeProps {
  series: Pick<Series, 'state' | 'why' | 'isCounter'>;
}

export function StateBadge({ series: { state, why, isCounter } }: StateBadgeProps) {
  return <Mark {...(isCounter && state === 'unmodelled' ? COUNTER : STATES[state])} title={why} />;
}
