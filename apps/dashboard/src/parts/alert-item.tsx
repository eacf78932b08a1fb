/** One alert in words: where, since when, why, and what the models saw. */
'use client';

import { BellRing, CircleCheck, History } from 'lucide-react';
import Link from 'next/link';
import type { Alert } from '@bellwether/contracts';
import { ShareBar } from '@/charts/share-bar';
import { aroundAlert } from '@/range';
import { silenceHref } from '@/silences';
import { ago, duration, localTime, quantity, scoreInWords, utcTime } from '@/words';
import { Fact } from './card';
import { useNow } from './hooks';
import { SeriesName } from './series-name';
import { VerdictOn } from './verdict-on';

interface AlertItemProps {
  alert: Alert;
  /** False where the page is about one series anyway. */
  hasSeries?: boolean;
  /** Leaves out the numbers, for a narrow column. */
  isShort?: boolean;
}

export function AlertItem({ alert, hasSeries = true, isShort = false }: AlertItemProps) {
  const { peak, series } = alert;
  const isFiring = alert.endsAt === null;
  const stretch = aroundAlert(alert.startsAt, alert.endsAt, peak.time);
  return (
    <article
      aria-label={`Alert on ${series.name}, ${isFiring ? 'firing' : 'resolved'}`}
      className={`border-l-2 py-0.5 pl-3 ${isFiring ? 'border-alert' : 'border-line-strong'}`}
    >
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <AlertState alert={alert} />
        {hasSeries && (
          <SeriesName
            id={alert.seriesId}
            name={series.name}
            labels={series.labels}
            choice={{ kind: 'fixed', ...stretch }}
          />
        )}
        <AlertTime alert={alert} />
        {isFiring && (
          <Link href={silenceHref(series)} className="text-xs text-muted underline hover:text-accent">
            Silence
          </Link>
        )}
        {!isShort && <VerdictOn alert={alert} />}
      </div>
      <p className="mt-1 text-sm">{alert.why}</p>
      {!isShort && <Numbers alert={alert} />}
    </article>
  );
}

function Numbers({ alert }: { alert: Alert }) {
  const { peak, series } = alert;
  if (peak.score === null || peak.vrnnShare === null) return null;
  return (
    <dl className="mt-1.5 grid grid-cols-2 gap-x-4 gap-y-1 text-sm sm:grid-cols-[repeat(3,minmax(0,auto))_minmax(9rem,1fr)] sm:justify-start">
      <Fact name="Peak" title={`${localTime(Date.parse(peak.time))} (${utcTime(Date.parse(peak.time))})`}>
        {quantity(peak.value, series.unit)}
      </Fact>
      <Fact name="Expected">{expectedInWords(alert)}</Fact>
      <Fact name="Chance of such a sample" title={`score ${peak.score.toFixed(1)}`}>
        {scoreInWords(peak.score)}
      </Fact>
      <div className="max-w-56">
        <dt className="text-xs text-muted">Which model saw it</dt>
        <dd>
          <ShareBar vrnnShare={peak.vrnnShare} />
        </dd>
      </div>
    </dl>
  );
}

function expectedInWords({ peak, series }: Alert): string {
  if (peak.lower === null || peak.upper === null) return quantity(peak.expected, series.unit);
  return `${quantity(peak.lower, series.unit, 3)} to ${quantity(peak.upper, series.unit, 3)}`;
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
