/** What kind of thing is wrong, as a word with its own icon; of anomalies, the common kind, nothing is said. */
import { Metronome, Ruler, Snowflake, Unplug, type LucideIcon } from 'lucide-react';
import type { AlertKind } from '@bellwether/contracts';
import { KINDS } from '@/kinds';
import { Mark } from './mark';

const ICONS: Record<Exclude<AlertKind, 'anomaly'>, LucideIcon> = {
  silent: Unplug,
  frozen: Snowflake,
  cadence: Metronome,
  breach: Ruler,
};

export function KindMark({ kind }: { kind: AlertKind }) {
  if (kind === 'anomaly') return null;
  const { name, says } = KINDS[kind];
  return <Mark word={name} icon={ICONS[kind]} look="bg-raised text-ink" title={says} />;
}
