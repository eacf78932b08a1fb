/**
 * Prometheus Alertmanager: API v2. It forgets an alert when its `endsAt` passes, and all of them when it restarts: so what fires is told
 * again every REPEAT_S, each time with an end three repetitions ahead. What resolves has the end it had.
 * https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
import { type ChannelOf, headline, type HttpRequest, json, type Message, sentence } from './message';

export const REPEAT_S = 300;
const HOLDS_MS = 3 * REPEAT_S * 1_000;

export function alertmanager(
  { url, username, password }: ChannelOf<'alertmanager'>,
  message: Message,
): HttpRequest {
  const { alert, link, verdictLink, sentAtMs } = message;
  const startsAt = alert?.startsAt ?? new Date(sentAtMs).toISOString();
  const endsAt = alert?.endsAt ?? new Date(sentAtMs + (alert ? HOLDS_MS : REPEAT_S * 1_000)).toISOString();
  const one = {
    labels: labelsOf(message),
    annotations: {
      summary: headline(message),
      description: sentence(message),
      ...(verdictLink ? { verdict: verdictLink } : {}),
    },
    ...{ startsAt, endsAt },
    ...(link ? { generatorURL: link } : {}),
  };
  const login = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
  const headers = password === null ? {} : { Authorization: `Basic ${login}` };
  return json(`${url.replace(/\/+$/, '')}/api/v2/alerts`, [one], headers as Record<string, string>);
}

/** Labels are the alert's identity there: its number keeps a late word of one alert from ending the next of the same series. */
function labelsOf({ alert }: Message): Record<string, string> {
  if (!alert) return { alertname: 'BellwetherTest' };
  const { name, labels } = alert.series;
  const own = { alertname: 'BellwetherAnomaly', series: name, bellwether_alert: String(alert.id) };
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
