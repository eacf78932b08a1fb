/** Alerts, one after another, each with the incident that it is a part of. */
import Link from 'next/link';
import type { Alert } from '@bellwether/contracts';
import { incidentHref } from '@/incidents';
import { AlertItem } from './alert-item';

interface AlertListProps {
  alerts: Alert[];
  /** False where the page is about one series anyway. */
  hasSeries?: boolean;
}

export function AlertList({ alerts, hasSeries = true }: AlertListProps) {
  return (
    <ul className="space-y-5">
      {alerts.map((alert) => (
        <li key={alert.id}>
          <AlertItem alert={alert} hasSeries={hasSeries} />
          {alert.incidentId !== null && (
            <Link
              href={incidentHref(alert.incidentId)}
              className="ml-3.5 text-xs text-muted underline hover:text-accent"
            >
              Incident {alert.incidentId}
            </Link>
          )}
        </li>
      ))}
    </ul>
  );
}
