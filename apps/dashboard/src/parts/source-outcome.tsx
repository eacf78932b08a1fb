/** What came of trying a source once: what it would bring, or what is wrong. */
import { CircleCheck, CircleX } from 'lucide-react';
import type { SourceTest } from '@bellwether/contracts';
import { labelsInWords, localTime, refusalInWords } from '@/words';

export function SourceOutcome({ test }: { test: SourceTest }) {
  const Icon = test.works ? CircleCheck : CircleX;
  return (
    <div
      role="status"
      className={`mt-2 flex items-start gap-1.5 rounded-md px-3 py-2 text-sm ${test.works ? 'bg-ok-soft' : 'bg-alert-soft'}`}
    >
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${test.works ? 'text-ok' : 'text-alert'}`} />
      <div className="min-w-0 break-words">
        <p>
          {test.detail}
          {test.works && ' Nothing was written: this was a test.'}
        </p>
        {test.firstAt !== null && test.newestAt !== null && (
          <p className="text-muted">
            From {localTime(Date.parse(test.firstAt))} to {localTime(Date.parse(test.newestAt))}.
          </p>
        )}
        <ul aria-label="Series it would bring">
          {test.examples.map(({ name, labels }) => (
            <li key={JSON.stringify([name, labels])}>
              <span className="font-medium">{name}</span>{' '}
              <span className="text-muted">{labelsInWords(labels)}</span>
            </li>
          ))}
        </ul>
        {test.series > test.examples.length && (
          <p className="text-muted">
            and {(test.series - test.examples.length).toLocaleString('en-GB')} more
          </p>
        )}
        {test.refused.map((refusal) => (
          <p key={refusal.reason}>{refusalInWords(refusal)}</p>
        ))}
      </div>
    </div>
  );
}
