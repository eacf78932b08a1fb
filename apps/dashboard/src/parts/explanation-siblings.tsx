/** Related series during an alert: how far each was from what was expected of it, and whether before or after the alert. */
import { ArrowLeftToLine, ArrowRightToLine, Equal, Minus, type LucideIcon } from 'lucide-react';
import type { Explanation } from '@bellwether/contracts';
import { aroundMoment, leadInWords, othersInWords, surpriseInWords } from '@/explanations';
import { quantity } from '@/words';
import { SeriesName } from './series-name';

type Sibling = Explanation['siblings'][number];

export function ExplanationSiblings({ explanation }: { explanation: Explanation }) {
  const { siblings, periodMs } = explanation;
  const others = othersInWords(explanation);
  return (
    <section aria-label="Related series">
      <h4 className="text-xs font-semibold text-muted">Related series at that time</h4>
      {siblings.length > 0 && (
        <ul className="mt-1 divide-y divide-line text-sm">
          {siblings.map((sibling) => (
            <li key={sibling.seriesId} className="py-1">
              <SiblingLine sibling={sibling} periodMs={periodMs} />
            </li>
          ))}
        </ul>
      )}
      {others !== '' && <p className="mt-1 text-sm text-muted">{others}</p>}
    </section>
  );
}

function SiblingLine({ sibling, periodMs }: { sibling: Sibling; periodMs: number | null }) {
  const { seriesId, name, labels, unit, value, expected, surprise, leadMs, relation, peakAt } = sibling;
  return (
    <>
      <div className="flex flex-wrap items-baseline justify-between gap-x-3">
        <SeriesName
          id={seriesId}
          name={name}
          labels={labels}
          choice={{ kind: 'fixed', ...aroundMoment(peakAt, periodMs) }}
        />
        <Lead leadMs={leadMs} />
      </div>
      <p className="text-xs text-muted">
        {quantity(value, unit)}
        {expected !== null && `, expected ${quantity(expected, unit)}`} · {surpriseInWords(surprise)} ·{' '}
        {relation}
      </p>
    </>
  );
}

function Lead({ leadMs }: Pick<Sibling, 'leadMs'>) {
  const Icon = leadIcon(leadMs);
  return (
    <span
      title="Its first anomaly, against the start of the alert"
      className={`inline-flex items-center gap-1 text-xs whitespace-nowrap ${leadMs !== null && leadMs < 0 ? 'font-semibold text-ink' : 'text-muted'}`}
    >
      <Icon aria-hidden className="size-3" />
      {leadInWords(leadMs)}
    </span>
  );
}

function leadIcon(leadMs: number | null): LucideIcon {
  if (leadMs === null) return Minus;
  if (leadMs === 0) return Equal;
  return leadMs < 0 ? ArrowLeftToLine : ArrowRightToLine;
}
