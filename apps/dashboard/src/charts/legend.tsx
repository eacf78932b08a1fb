/** What the lines and areas of the series chart are, drawn as they look. */
import type { ReactNode } from 'react';

interface Mark {
  name: string;
  sign: ReactNode;
}

const line = (colour: string, dash?: string) => (
  <path d="M1 6H21" stroke={colour} strokeWidth="2" strokeDasharray={dash} />
);
const area = (colour: string, opacity: number) => (
  <rect x="1" y="2" width="20" height="8" fill={colour} fillOpacity={opacity} />
);

const OBSERVED: Mark = { name: 'Observed', sign: line('var(--observed)') };
const EXTENT: Mark = { name: 'Lowest to highest', sign: area('var(--extent)', 0.4) };
const EXPECTED: Mark = { name: 'Expected', sign: line('var(--expected)', '2 3') };
const BAND: Mark = { name: '90 % expected', sign: area('var(--band)', 0.25) };
const FORECAST: Mark = {
  name: 'Forecast (50 % and 90 %)',
  sign: (
    <>
      {area('var(--forecast)', 0.3)}
      {line('var(--forecast)', '5 4')}
    </>
  ),
};
const ALERT: Mark = {
  name: 'Alert and its peak',
  sign: (
    <>
      {area('var(--alert)', 0.2)}
      <circle cx="11" cy="6" r="4" fill="none" stroke="var(--alert)" strokeWidth="1.5" />
      <circle cx="11" cy="6" r="1.5" fill="var(--alert)" />
    </>
  ),
};

const LIMIT: Mark = { name: 'Limit', sign: line('var(--warn)', '8 3 2 3') };

interface LegendProps {
  isBucketed: boolean;
  hasBand: boolean;
  hasForecast: boolean;
  hasAlerts: boolean;
  hasLimits: boolean;
}

export function Legend({ isBucketed, hasBand, hasForecast, hasAlerts, hasLimits }: LegendProps) {
  const marks = [
    OBSERVED,
    ...(isBucketed ? [EXTENT] : []),
    ...(hasBand ? [EXPECTED, BAND] : []),
    ...(hasForecast ? [FORECAST] : []),
    ...(hasAlerts ? [ALERT] : []),
    ...(hasLimits ? [LIMIT] : []),
  ];
  return (
    <ul aria-label="Legend" className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
      {marks.map(({ name, sign }) => (
        <li key={name} className="flex items-center gap-1.5">
          <svg aria-hidden viewBox="0 0 22 12" className="h-3 w-[22px]">
            {sign}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
