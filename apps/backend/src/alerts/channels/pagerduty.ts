/**
 * PagerDuty: Events API v2. The first message about an incident gives it the `dedup_key`, so that reminders and the end meet it.
 * https://developer.pagerduty.com/docs/send-alert-event
 */
import {
  type ChannelOf,
  headline,
  type HttpRequest,
  json,
  type Message,
  sentence,
  seriesOf,
  shortened,
} from './message';

/** Characters of a summary. */
const SUMMARY = 1_024;

export function pagerduty({ url, routingKey }: ChannelOf<'pagerduty'>, message: Message): HttpRequest {
  const { event, thread, incident, alert, link, verdictLink, sentAtMs } = message;
  const dedup = { routing_key: routingKey, dedup_key: `bellwether-${thread}` };
  const to = `${url.replace(/\/+$/, '')}/v2/enqueue`;
  if (event === 'incident.resolved') return json(to, { ...dedup, event_action: 'resolve' });
  return json(to, {
    ...dedup,
    event_action: 'trigger',
    payload: {
      summary: shortened(`${headline(message)}. ${sentence(message)}`, SUMMARY),
      source: shortened(alert ? seriesOf(alert) : 'Bellwether', SUMMARY),
      severity: incident?.severity ?? 'info',
      timestamp: incident?.startsAt ?? new Date(sentAtMs).toISOString(),
      component: alert?.series.name ?? 'Bellwether',
      class: alert?.kind ?? 'test',
      custom_details: detailsOf(message),
    },
    client: 'Bellwether',
    ...(link ? { client_url: link } : {}),
    links: [
      ...(link ? [{ href: link, text: 'Open the chart' }] : []),
      ...(verdictLink ? [{ href: verdictLink, text: 'Was it real?' }] : []),
    ],
  });
}

const detailsOf = ({ alert, incident }: Message) =>
  alert && incident
    ? {
        ...{ why: alert.why, labels: alert.series.labels, incident: incident.id },
        ...{ series: incident.alerts.map(seriesOf), alerts: incident.alertCount, reasons: incident.reasons },
      }
    : {};
