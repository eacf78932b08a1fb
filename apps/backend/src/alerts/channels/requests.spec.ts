/** What each kind of channel is sent, beside the shape its maker publishes. */
import { createHmac } from 'node:crypto';
import { type Alert, ChannelInput, type NotificationBody, type ToldIncident } from '@bellwether/contracts';
import { describe, expect, test } from 'vitest';
import { email } from './email';
import type { Message } from './message';
import { type HttpChannel, requestOf } from './requests';

const START = Date.parse('2026-11-20T14:00:00Z');
const THREAD = '0b7d3a52-8a3c-4f3c-9f21-2f6a0f0b1c11';
const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const KEY = '0123456789abcdef0123456789abcdef';
const LINK = 'https://bellwether.example/series/?id=7&from=1&to=2';
const VERDICT = 'https://b.example/verdict/#1.2.x';

const alert = {
  ...{ id: 5, kind: 'anomaly', severity: 'critical' },
  seriesId: 7,
  series: {
    name: 'latency',
    labels: { env: 'prod', 'k8s.pod': 'a<b>&c', '1st': 'x', empty: '' },
    unit: 'ms',
  },
  startsAt: new Date(START).toISOString(),
  endsAt: null,
  why: '92 ms at 14:00 UTC; 30 to 50 ms was expected.',
} as unknown as Alert;

/** An incident of these alerts, the first mover first. */
function incidentOf(...alerts: Alert[]): ToldIncident {
  const { startsAt, endsAt, severity } = alerts[0]!;
  const seriesCount = new Set(alerts.map(({ seriesId }) => seriesId)).size;
  const more = seriesCount > 1 ? ` and ${seriesCount - 1} more series` : '';
  return {
    ...{ id: 3, title: `latency{env=prod}${more}`, severity, startsAt, endsAt, mergedInto: null },
    reasons: seriesCount > 1 ? [`${seriesCount} series have the same host=a.`] : [],
    ...{ alertCount: alerts.length, seriesCount, alerts },
  };
}
const about = (message: Message, ...alerts: [Alert, ...Alert[]]): Message => ({
  ...message,
  ...{ alert: alerts[0], incident: incidentOf(...alerts) },
});
/** An alert of another series, `errors` where nothing else is said. */
const beside = (id: number, name = 'errors'): Alert => ({
  ...alert,
  ...{ id, seriesId: id, series: { name, labels: { env: 'prod' }, unit: null } },
});

const firing: Message = {
  ...{ id: THREAD, thread: THREAD, event: 'incident.firing', episode: 0, repetition: 0 },
  ...{ sentAtMs: START + 60_000, incident: incidentOf(alert), alert, link: LINK, verdictLink: VERDICT },
};
const resolved = about(
  { ...firing, ...{ id: 'second', event: 'incident.resolved' } },
  { ...alert, endsAt: new Date(START + 600_000).toISOString() },
);
const trial: Message = {
  ...firing,
  ...{ event: 'test', incident: null, alert: null, link: null, verdictLink: null },
};

const channel = (given: object) => ChannelInput.parse({ name: 'x', ...given }) as HttpChannel;
function sent(given: object, message: Message) {
  const { url, headers, body } = requestOf(channel(given), message);
  return { url, headers, body: JSON.parse(body) };
}

describe('every kind', () => {
  for (const given of [
    { url: 'https://b.example/hook' },
    { kind: 'slack', url: 'https://hooks.slack.com/services/T/B/x' },
    { kind: 'pagerduty', routingKey: KEY },
    { kind: 'teams', url: 'https://b.example/w' },
    { kind: 'alertmanager', url: 'http://am:9093' },
    { kind: 'ntfy', url: 'https://ntfy.sh/t' },
  ])
    for (const message of [firing, resolved, trial])
      test(`${channel(given).kind} is sent JSON with the notification’s own key: ${message.event}`, () => {
        const { headers, body } = sent(given, message);
        expect(headers).toMatchObject({ 'Content-Type': 'application/json', 'Idempotency-Key': message.id });
        expect(JSON.stringify(body)).not.toMatch(/undefined|NaN|\[object/);
      });
});

/** What is looked at of what is sent to any of these kinds. */
interface Sent {
  blocks: { text: { text: string } }[];
  attachments: { content: { body: { text: string }[] } }[];
  payload: { summary: string };
  message: string;
}

describe('of an incident of several series', () => {
  const all = about(firing, alert, ...[11, 12, 13, 14, 15, 16, 17].map((id) => beside(id, `s${id}`)));
  const WITH = /With it: s11\{env=prod\}, .*s15\{env=prod\}, 2 more series\. 8 series have the same host=a\./;
  const plain = (text: string) => text.replaceAll('\\', '');

  for (const [kind, given, said] of [
    ['slack', { url: 'https://b.example/' }, (body) => body.blocks[1]!.text.text],
    ['teams', { url: 'https://b.example/' }, (body) => plain(body.attachments[0]!.content.body[1]!.text)],
    ['pagerduty', { routingKey: KEY }, (body) => body.payload.summary],
    ['ntfy', { url: 'https://ntfy.sh/t' }, (body) => body.message],
  ] as [string, object, (body: Sent) => string][])
    test(`${kind} is told what the first mover did, how many more there are, and why`, () => {
      const text = said(sent({ kind, ...given }, all).body);
      expect(text).toContain(alert.why);
      expect(text).toMatch(WITH);
      expect(JSON.stringify(sent({ kind, ...given }, all).body)).toContain('and 7 more series');
    });

  test('a mail says it, too', () => {
    const { subject, text } = email({ from: 'a@b.example', to: ['c@b.example'] }, all, null);
    expect(subject).toBe('Firing: latency{env=prod} and 7 more series');
    expect(text).toMatch(WITH);
    expect(text).toContain('Severity: critical');
  });

  for (const [name, message, expected] of [
    ['begins again', { ...all, episode: 1 }, /^Firing again: /],
    ['is told again', { ...all, episode: 1, repetition: 2 }, /^Still firing: /],
    [
      'became a part of another',
      { ...resolved, incident: { ...resolved.incident!, mergedInto: 12 } },
      /^Merged: .*It goes on as a part of incident 12\. /,
    ],
  ] as const)
    test(`says that it ${name}`, () =>
      expect(sent({ kind: 'slack', url: 'https://b.example/' }, message).body.text).toMatch(expected));
});

describe('the severity of an incident', () => {
  for (const [severity, pagerduty, ntfy] of [
    ['info', 'info', 3],
    ['warning', 'warning', 5],
    ['critical', 'critical', 5],
  ] as const)
    test(`${severity} is told in the words of each`, () => {
      const message = about(firing, { ...alert, severity });
      expect(sent({ kind: 'pagerduty', routingKey: KEY }, message).body.payload.severity).toBe(pagerduty);
      const topic = { kind: 'ntfy', url: 'https://ntfy.sh/t', priority: 5 };
      expect(sent(topic, message).body.priority).toBe(ntfy);
      const [{ labels }] = sent({ kind: 'alertmanager', url: 'http://am:9093' }, message).body;
      expect(labels.severity).toBe(severity);
    });
});

describe('a webhook', () => {
  test('has the notification, its incident and the likely first mover', () => {
    const { url, body } = sent({ url: 'https://b.example/hook' }, firing);
    expect(url).toBe('https://b.example/hook');
    expect(body satisfies NotificationBody).toEqual({
      ...{ id: THREAD, event: 'incident.firing', episode: 0, repetition: 0 },
      ...{ incident: incidentOf(alert), alert, link: LINK, verdictLink: VERDICT },
      sentAt: '2026-11-20T14:01:00.000Z',
    });
  });

  test('is signed over id, time and body, and only with a secret', () => {
    const { headers, body } = requestOf(channel({ url: 'https://b.example/', secret: SECRET }), firing);
    const [id, time, signature] = ['id', 'timestamp', 'signature'].map((name) => headers[`webhook-${name}`]);
    const expected = createHmac('sha256', Buffer.alloc(24, 7))
      .update(`${id}.${time}.${body}`)
      .digest('base64');
    expect([id, time, signature]).toEqual([THREAD, String((START + 60_000) / 1_000), `v1,${expected}`]);
    expect(requestOf(channel({ url: 'https://b.example/' }), firing).headers).not.toHaveProperty(
      'webhook-signature',
    );
  });

  test('is signed as the reference implementation signs', () => {
    // The example of https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries, with its body as it is there.
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const signed = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
      .update('msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}')
      .digest('base64');
    expect(signed).toBe('g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });
});

describe('Slack', () => {
  const { url, body } = sent({ kind: 'slack', url: 'https://hooks.slack.com/services/T/B/x' }, firing);

  test('gets a text and blocks of the types it knows', () => {
    expect(url).toBe('https://hooks.slack.com/services/T/B/x');
    expect(body.text).toContain('Firing: latency{env=prod');
    expect(body.blocks.map(({ type }: { type: string }) => type)).toEqual(['header', 'section', 'section']);
    expect(body.blocks[0].text.type).toBe('plain_text');
    expect(body.blocks[1].text).toEqual({
      type: 'mrkdwn',
      text: `92 ms at 14:00 UTC; 30 to 50 ms was expected.\n<${LINK}|Open the chart> · <${VERDICT}|Was it real?>`,
    });
  });

  test('gets labels that it does not read as its own', () => {
    const fields = JSON.stringify(body.blocks[2].fields);
    expect(fields).toContain('a&lt;b&gt;&amp;c');
  });

  test('gets no more than it takes, however long a name is', () => {
    const labels = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`label${i}`, 'v'.repeat(200)]));
    const long = { ...alert, why: 'w'.repeat(9_000), series: { name: 'n'.repeat(200), labels, unit: null } };
    const { body } = sent({ kind: 'slack', url: 'https://b.example/' }, about(firing, long));
    expect(body.blocks[0].text.text.length).toBeLessThanOrEqual(150);
    expect(body.blocks[1].text.text.length).toBeLessThanOrEqual(3_000);
    expect(body.blocks[2].fields.length).toBeLessThanOrEqual(10);
  });
});

describe('PagerDuty', () => {
  const given = { kind: 'pagerduty', routingKey: KEY };

  test('gets a trigger with what its API requires', () => {
    const { url, body } = sent(given, firing);
    expect(url).toBe('https://events.pagerduty.com/v2/enqueue');
    expect(body).toMatchObject({ routing_key: KEY, event_action: 'trigger', client_url: LINK });
    expect(body.payload).toMatchObject({
      severity: 'critical',
      timestamp: alert.startsAt,
      component: 'latency',
    });
    expect(body.payload.summary).toMatch(/^Firing: latency.*92 ms/);
    expect(body.payload.source).toContain('latency{');
  });

  test('gets reminder and end under the key of the first message', () => {
    const keys = [firing, { ...firing, id: 'third', repetition: 1 }, resolved].map(
      (one) => sent(given, one).body.dedup_key,
    );
    expect(new Set(keys)).toEqual(new Set([`bellwether-${THREAD}`]));
    expect(sent(given, resolved).body).toEqual({
      ...{ routing_key: KEY, dedup_key: `bellwether-${THREAD}`, event_action: 'resolve' },
    });
  });

  test('is asked elsewhere where its address is another', () => {
    const elsewhere = { ...given, url: 'https://events.eu.pagerduty.com/' };
    expect(sent(elsewhere, firing).url).toBe('https://events.eu.pagerduty.com/v2/enqueue');
  });
});

test('Teams gets one Adaptive Card, whose Markdown is none of ours', () => {
  const { body } = sent({ kind: 'teams', url: 'https://b.example/w' }, firing);
  expect(body.type).toBe('message');
  expect(body.attachments).toHaveLength(1);
  const [{ contentType, content }] = body.attachments;
  expect(contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(content).toMatchObject({ type: 'AdaptiveCard', version: '1.4' });
  expect(content.body.map(({ type }: { type: string }) => type)).toEqual([
    'TextBlock',
    'TextBlock',
    'FactSet',
  ]);
  expect(content.actions).toEqual([
    { type: 'Action.OpenUrl', title: 'Open the chart', url: LINK },
    { type: 'Action.OpenUrl', title: 'Was it real?', url: VERDICT },
  ]);
  const starred = { ...alert, why: 'a_b *c* [d](e)' };
  const card = sent({ kind: 'teams', url: 'https://b.example/w' }, about(firing, starred)).body;
  expect(card.attachments[0].content.body[1].text).toBe('a\\_b \\*c\\* \\[d\\](e)');
});

describe('ntfy', () => {
  test('is asked at the server’s root, with the topic in the body', () => {
    const { url, headers, body } = sent({ kind: 'ntfy', url: 'https://ntfy.sh/my-topic' }, firing);
    expect(url).toBe('https://ntfy.sh/');
    expect(body).toMatchObject({ topic: 'my-topic', priority: 4, click: LINK, tags: ['warning'] });
    expect(body.title).toMatch(/^Firing: latency/);
    expect(headers).not.toHaveProperty('Authorization');
  });

  test('is asked under a path, with a token', () => {
    const given = { kind: 'ntfy', url: 'https://b.example/ntfy/t/', token: 'tk_1', priority: 5 };
    const { url, headers, body } = sent(given, resolved);
    expect([url, headers['Authorization'], body.topic, body.priority]).toEqual([
      ...['https://b.example/ntfy/', 'Bearer tk_1', 't', 3],
    ]);
  });
});

describe('Alertmanager', () => {
  const given = { kind: 'alertmanager', url: 'http://am:9093/prefix/' };

  test('gets a list of one alert, with labels that Prometheus could have', () => {
    const { url, body } = sent(given, firing);
    expect(url).toBe('http://am:9093/prefix/api/v2/alerts');
    expect(body).toEqual([
      {
        labels: {
          ...{
            alertname: 'BellwetherAnomaly',
            series: 'latency',
            severity: 'critical',
            bellwether_alert: '5',
          },
          ...{ env: 'prod', k8s_pod: 'a<b>&c', _1st: 'x' },
        },
        annotations: {
          ...{ summary: expect.stringMatching(/^Firing: latency/), description: alert.why, verdict: VERDICT },
          incident: '3: latency{env=prod}',
        },
        startsAt: alert.startsAt,
        endsAt: new Date(START + 60_000 + 900_000).toISOString(),
        generatorURL: LINK,
      },
    ]);
  });

  test('gets each alert of an incident, and the end of one that is over', () => {
    const over = { ...beside(6), endsAt: new Date(START + 30_000).toISOString() };
    const { body } = sent(given, about(firing, alert, over));
    expect(body.map(({ labels }: { labels: Record<string, string> }) => labels['bellwether_alert'])).toEqual([
      '5',
      '6',
    ]);
    expect(body[1].endsAt).toBe(over.endsAt);
    expect(body[1].annotations).toMatchObject({ reasons: '2 series have the same host=a.' });
    expect(body[1].annotations).not.toHaveProperty('verdict');
  });

  test('gets the end with the same labels', () => {
    const [before] = sent(given, firing).body;
    const [after] = sent(given, resolved).body;
    expect(after.labels).toEqual(before.labels);
    expect(after.endsAt).toBe(new Date(START + 600_000).toISOString());
  });

  test('keeps a label that has the name of one of ours under another', () => {
    const series = { name: 'latency', labels: { alertname: 'mine', series: 'other' }, unit: null };
    const [{ labels }] = sent(given, about(firing, { ...alert, series })).body;
    expect(labels).toMatchObject({
      alertname: 'BellwetherAnomaly',
      exported_alertname: 'mine',
      exported_series: 'other',
    });
  });

  test('is asked with a name and a password', () => {
    const { headers } = sent({ ...given, username: 'me', password: 'hush' }, firing);
    expect(headers['Authorization']).toBe(`Basic ${Buffer.from('me:hush').toString('base64')}`);
  });
});
