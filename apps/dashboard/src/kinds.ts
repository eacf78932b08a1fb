/** Kinds of alerts and how severe they are, as a person reads them. */
import type { AlertKind, Severity } from '@bellwether/contracts';

export const KINDS: Record<AlertKind, { name: string; says: string }> = {
  anomaly: { name: 'Anomaly', says: 'samples that are not what was expected' },
  silent: { name: 'Silent', says: 'no samples come any more' },
  frozen: { name: 'Frozen', says: 'one and the same value, for unusually long' },
  cadence: { name: 'Cadence', says: 'samples come at another pace than they used to' },
  breach: { name: 'Breach', says: 'a limit of the series is crossed, or is forecast to be' },
};

export const SEVERITIES: [Severity, string][] = [
  ['info', 'Info'],
  ['warning', 'Warning'],
  ['critical', 'Critical'],
];

export const severityName = (severity: Severity): string => SEVERITIES.find(([one]) => one === severity)![1];

/** `all kinds`, or those that are: `anomaly, breach`. */
export const kindsInWords = (kinds: readonly AlertKind[]): string =>
  kinds.length === Object.keys(KINDS).length
    ? 'all kinds'
    : kinds.map((kind) => KINDS[kind].name.toLowerCase()).join(', ');
