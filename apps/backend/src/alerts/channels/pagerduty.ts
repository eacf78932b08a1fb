/**
 * PagerDuty: Events API v2. The first message about an alert gives its incident the `dedup_key`, so that reminders and the end meet it.
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
  const { event, thread, alert, link, verdictLink, sentAtMs } = message;
  const dedup = { routing_key: routingKey, dedup_key: `bellwether-${thread}` };
  const to = `${url.replace(/\/+$/, '')}/v2/enqueue`;
  if (event === 'alert.resolved') return json(to, { ...dedup, event_action: 'resolve' });
  return json(to, {
    ...dedup,
    event_action: 'trigger',
    payload: {
      summary: shortened(`${headline(message)}. ${sentence(message)}`, SUMMARY),
      source: shortened(alert ? seriesOf(alert) : 'Bellwether', SUMMARY),
      severity: alert ? 'error' : 'info',
      timestamp: alert?.startsAt ?? new Date(sentAtMs).toISOString(),
      component: alert?.series.name ?? 'Bellwether',
      class: alert ? 'anomaly' : 'test',
      custom_details: alert ? { why: alert.why, labels: alert.series.labels } : {},
    },
    client: 'Bellwether',
    ...(link ? { client_url: link } : {}),
    links: [
      ...(link ? [{ href: link, text: 'Open the chart' }] : []),
      ...(verdictLink ? [{ href: verdictLink, text: 'Was it real?' }] : []),
    ],
  });
}
