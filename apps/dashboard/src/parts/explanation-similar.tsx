/** Earlier alerts that were like one, and what people said of them. */
'use client';

import Link from 'next/link';
import type { Explanation } from '@bellwether/contracts';
import { aroundAlert } from '@/range';
import { verdictName } from '@/verdicts';
import { ago, labelsInWords, localTime, utcTime } from '@/words';
import { useNow } from './hooks';
import { seriesHref } from './series-name';

export function ExplanationSimilar({ explanation }: { explanation: Explanation }) {
  const { alert, similar, periodMs } = explanation;
  return (
    <section aria-label="Earlier alerts like this one">
      <h4 className="text-xs font-semibold text-muted">Earlier alerts like this one</h4>
      {similar.length === 0 ? (
        <p className="mt-1 text-sm text-muted">
          None yet. Say what this one was: where another like it comes, that stands here.
        </p>
      ) : (
        <ul className="mt-1 divide-y divide-line text-sm">
          {similar.map((one) => (
            <li key={one.alert.id} className="py-1">
              <SimilarLine {...one} of={alert.seriesId} periodMs={periodMs} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

type SimilarLineProps = Explanation['similar'][number] & { of: number; periodMs: number | null };

function SimilarLine({ alert, likeness, of, periodMs }: SimilarLineProps) {
  const now = useNow();
  const { startsAt, endsAt, peak, seriesId, series, verdict } = alert;
  const start = Date.parse(startsAt);
  const stretch = aroundAlert(startsAt, endsAt, peak.time, periodMs ?? undefined);
  return (
    <>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <Link
          href={seriesHref(seriesId, { kind: 'fixed', ...stretch })}
          title={utcTime(start)}
          className="font-medium hover:text-accent hover:underline"
        >
          {localTime(start)} ({ago(start, now)})
        </Link>
        <span className={`text-xs ${verdict === null ? 'text-muted' : 'font-semibold'}`}>
          {verdict === null ? 'no verdict' : verdictName(verdict)}
        </span>
      </div>
      <p className="text-xs break-words text-muted">
        {likeness}
        {seriesId !== of && ` · on ${series.name}{${labelsInWords(series.labels)}}`}
      </p>
    </>
  );
}
