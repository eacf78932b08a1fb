/**
 * Prometheus Alertmanager: API v2. It groups by itself, so it is told each alert of an incident. It forgets an alert when its `endsAt` passes,
 * and all of them when it restarts: so what fires is told again every REPEAT_S, each time with an end three repetitions ahead. What is
 * over has the end it had.
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
import type { Alert } from '@bellwether/contracts';
import { type ChannelOf, headline, type HttpRequest, json, type Message, seriesOf } from './message';

export const REPEAT_S = 300;
const HOLDS_MS = 3 * REPEAT_S * 1_000;

export function alertmanager(
  { url, username, password }: ChannelOf<'alertmanager'>,
  message: Message,
): HttpRequest {
  const alerts = message.incident
    ? message.incident.alerts.map((alert) => oneOf(alert, message))
    : [trial(message)];
  const login = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
  const headers = password === null ? {} : { Authorization: `Basic ${login}` };
  return json(`${url.replace(/\/+$/, '')}/api/v2/alerts`, alerts, headers as Record<string, string>);
}

const trial = (message: Message) => ({
  labels: { alertname: 'BellwetherTest' },
  annotations: { summary: headline(message) },
  startsAt: new Date(message.sentAtMs).toISOString(),
  endsAt: new Date(message.sentAtMs + REPEAT_S * 1_000).toISOString(),
});

function oneOf(alert: Alert, { incident, alert: first, link, verdictLink, sentAtMs }: Message) {
  const { startsAt, endsAt, why } = alert;
  const isFirst = alert.id === first?.id;
  return {
    labels: labelsOf(alert),
    annotations: {
      summary: `${endsAt ? 'Resolved' : 'Firing'}: ${seriesOf(alert)}`,
      description: why,
      incident: `${incident!.id}: ${incident!.title}`,
      ...(incident!.reasons.length > 0 ? { reasons: incident!.reasons.join(' ') } : {}),
      ...(isFirst && verdictLink ? { verdict: verdictLink } : {}),
    },
    ...{ startsAt, endsAt: endsAt ?? new Date(sentAtMs + HOLDS_MS).toISOString() },
    ...(isFirst && link ? { generatorURL: link } : {}),
  };
}

/** Labels are the alert's identity there: its number keeps a late word of one alert from ending the next of the same series. */
function labelsOf({ id, kind, severity, series: { name, labels } }: Alert): Record<string, string> {
  const alertname = `Bellwether${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  const own = { alertname, series: name, severity, bellwether_alert: String(id) };
  const exported = Object.entries(labels)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => {
      const label = labelName(key);
      return [label in own ? `exported_${label}` : label, value];
    });
  return { ...(Object.fromEntries(exported) as Record<string, string>), ...own };
}

/** As Prometheus names labels: letters, digits and _, not a digit first. */
const labelName = (key: string): string => key.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
