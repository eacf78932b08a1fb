/** One alert in words: where, since when, why, and what the models saw; more of it when asked. */
'use client';

import { BellRing, ChevronDown, CircleCheck, History } from 'lucide-react';
import Link from 'next/link';
import { useId, useState } from 'react';
import type { Alert } from '@bellwether/contracts';
import { recordInWords } from '@/explanations';
import { aroundAlert } from '@/range';
import { silenceHref } from '@/silences';
import { ago, duration, localTime, utcTime } from '@/words';
import { ExplanationCard } from './explanation-card';
import { ExplanationFacts } from './explanation-facts';
import { useNow } from './hooks';
import { KindMark } from './kind-mark';
import { SeriesName } from './series-name';
import { SeverityMark } from './severity-mark';
import { VerdictOn } from './verdict-on';

interface AlertItemProps {
  alert: Alert;
  /** False where the page is about one series anyway. */
  hasSeries?: boolean;
  /** Leaves out the numbers until they are asked for, for a narrow column. */
  isShort?: boolean;
}

export function AlertItem({ alert, hasSeries = true, isShort = false }: AlertItemProps) {
  const { peak, series } = alert;
  const isFiring = alert.endsAt === null;
  const [isOpen, setOpen] = useState(false);
  const cardId = useId();
  const stretch = aroundAlert(alert.startsAt, alert.endsAt, peak.time);
  return (
    <article
      aria-label={`Alert on ${series.name}, ${isFiring ? 'firing' : 'resolved'}`}
      className={`@container border-l-2 py-0.5 pl-3 ${isFiring ? 'border-alert' : 'border-line-strong'}`}
    >
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <AlertState alert={alert} />
        <KindMark kind={alert.kind} />
        {alert.severity !== 'warning' && <SeverityMark severity={alert.severity} />}
        {hasSeries && (
          <SeriesName
            id={alert.seriesId}
            name={series.name}
            labels={series.labels}
            choice={{ kind: 'fixed', ...stretch }}
          />
        )}
        <AlertTime alert={alert} />
        {alert.record !== null && <Record record={alert.record} />}
        {isFiring && (
          <Link href={silenceHref(series)} className="text-xs text-muted underline hover:text-accent">
            Silence
          </Link>
        )}
        {!isShort && <VerdictOn alert={alert} />}
        <WhyButton
          name={series.name}
          controls={cardId}
          isOpen={isOpen}
          onToggle={() => setOpen((before) => !before)}
        />
      </div>
      <p className="mt-1 text-sm break-words">{alert.why}</p>
      {isOpen && <ExplanationCard id={cardId} alert={alert} />}
      {!isOpen && !isShort && peak.score !== null && <ExplanationFacts alert={alert} />}
    </article>
  );
}

function WhyButton({ name, controls, isOpen, onToggle }: WhyButtonProps) {
  return (
    <button
      type="button"
      aria-label={`Why? More of the alert on ${name}`}
      aria-expanded={isOpen}
      aria-controls={isOpen ? controls : undefined}
      onClick={onToggle}
      className="inline-flex items-center gap-1 text-xs text-muted underline hover:text-accent"
    >
      <ChevronDown aria-hidden className={`size-3 ${isOpen ? 'rotate-180' : ''}`} /> Why?
    </button>
  );
}

interface WhyButtonProps {
  name: string;
  controls: string;
  isOpen: boolean;
  onToggle: () => void;
}

function Record({ record }: { record: NonNullable<Alert['record']> }) {
  return (
    <span className="text-xs text-muted" title="How often such statements were right before on this series">
      {recordInWords(record)}
    </span>
  );
}

function AlertState({ alert }: { alert: Alert }) {
  const look = 'inline-flex items-center gap-1 text-xs font-semibold';
  if (alert.endsAt === null) {
    return (
      <span className={`${look} text-alert`}>
        <BellRing aria-hidden className="size-3.5" /> Firing
      </span>
    );
  }
  return alert.isHistory ? (
    <span className={`${look} text-muted`} title="Found when older samples were scored; nobody was notified.">
      <History aria-hidden className="size-3.5" /> Found in history
    </span>
  ) : (
    <span className={`${look} text-ok`}>
      <CircleCheck aria-hidden className="size-3.5" /> Resolved
    </span>
  );
}

function AlertTime({ alert }: { alert: Alert }) {
  const now = useNow();
  const start = Date.parse(alert.startsAt);
  const lasted = alert.endsAt === null ? '' : `, lasted ${duration(Date.parse(alert.endsAt) - start)}`;
  return (
    <time dateTime={alert.startsAt} title={utcTime(start)} className="text-xs text-muted">
      {localTime(start)} ({ago(start, now)}){lasted}
    </time>
  );
}
