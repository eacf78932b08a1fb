/** The numbers of an alert: what was seen, what was expected, how rare that is and which model saw it; as wide as its container. */
import type { ReactNode } from 'react';
import type { Alert } from '@bellwether/contracts';
import { ShareBar } from '@/charts/share-bar';
import { localTime, quantity, scoreInWords, utcTime } from '@/words';
import { Fact } from './card';

interface ExplanationFactsProps {
  alert: Alert;
  /** Further facts, after these. */
  children?: ReactNode;
}

export function ExplanationFacts({ alert, children }: ExplanationFactsProps) {
  const { peak, series } = alert;
  const at = Date.parse(peak.time);
  return (
    <dl className="mt-1.5 grid grid-cols-2 gap-x-4 gap-y-1 text-sm @lg:grid-cols-[repeat(3,minmax(0,auto))_minmax(9rem,1fr)] @lg:justify-start">
      <Fact name={peak.score === null ? 'Value' : 'Peak'} title={`${localTime(at)} (${utcTime(at)})`}>
        {quantity(peak.value, series.unit)}
      </Fact>
      {(peak.expected !== null || peak.lower !== null) && (
        <Fact name="Expected">{expectedInWords(alert)}</Fact>
      )}
      {peak.score !== null && (
        <Fact name="Chance of such a sample" title={`score ${peak.score.toFixed(1)}`}>
          {scoreInWords(peak.score)}
        </Fact>
      )}
      {peak.vrnnShare !== null && (
        <div className="col-span-2 max-w-56 @2xs:col-span-1">
          <dt className="text-xs text-muted">Which model saw it</dt>
          <dd>
            <ShareBar vrnnShare={peak.vrnnShare} />
          </dd>
        </div>
      )}
      {children}
    </dl>
  );
}

function expectedInWords({ peak, series }: Alert): string {
  if (peak.lower === null || peak.upper === null) return quantity(peak.expected, series.unit);
  return `${quantity(peak.lower, series.unit, 3)} to ${quantity(peak.upper, series.unit, 3)}`;
}
