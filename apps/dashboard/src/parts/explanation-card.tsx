/** Why an alert fired, beyond its one sentence: numbers, a small chart, what moved with it, and what was like it before. */
'use client';

import Link from 'next/link';
import type { Alert } from '@bellwether/contracts';
import { useExplanation } from '@/api';
import { historyInWords } from '@/explanations';
import { Fact } from './card';
import { ExplanationChart } from './explanation-chart';
import { ExplanationFacts } from './explanation-facts';
import { ExplanationSiblings } from './explanation-siblings';
import { ExplanationSimilar } from './explanation-similar';
import { Failure, Loading } from './feedback';

interface ExplanationCardProps {
  /** What is known of it already. */
  alert: Alert;
  id?: string;
}

export function ExplanationCard({ alert, id }: ExplanationCardProps) {
  const { data: explanation, error, mutate } = useExplanation(alert.id);
  const history = historyInWords(explanation?.history ?? null);
  return (
    <section
      id={id}
      aria-label={`Why the alert on ${alert.series.name}`}
      className="@container mt-2 space-y-3 rounded-lg border border-line bg-surface p-3"
    >
      <ExplanationFacts alert={alert}>
        {explanation?.rarity != null && <Fact name="How rare">{explanation.rarity}</Fact>}
        {history !== null && <Fact name="Before">{history}</Fact>}
        <Fact name="Rule" title="The version of the detector's rule that was valid when it began.">
          <Link href="/models/" className="underline hover:text-accent">
            version {alert.ruleVersion}
          </Link>
        </Fact>
      </ExplanationFacts>
      {error !== undefined && <Failure error={error} onRetry={() => mutate()} />}
      {explanation === undefined && error === undefined && <Loading what="Looking around it" />}
      {explanation !== undefined && (
        <>
          <ExplanationChart alert={alert} periodMs={explanation.periodMs} />
          <div className="grid gap-x-6 gap-y-3 @2xl:grid-cols-2">
            <ExplanationSiblings explanation={explanation} />
            <ExplanationSimilar explanation={explanation} />
          </div>
        </>
      )}
    </section>
  );
}
