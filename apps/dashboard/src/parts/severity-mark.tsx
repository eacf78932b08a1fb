/** How much a thing matters, as a word with its own shape. */
import { Info, OctagonAlert, TriangleAlert } from 'lucide-react';
import type { Severity } from '@bellwether/contracts';
import { type Look, Mark } from './mark';

const LOOKS: Record<Severity, Look> = {
  info: { word: 'Info', icon: Info, look: 'bg-raised text-muted' },
  warning: { word: 'Warning', icon: TriangleAlert, look: 'bg-warn-soft text-warn' },
  critical: { word: 'Critical', icon: OctagonAlert, look: 'bg-alert-soft text-alert' },
};

export const SeverityMark = ({ severity }: { severity: Severity }) => <Mark {...LOOKS[severity]} />;
