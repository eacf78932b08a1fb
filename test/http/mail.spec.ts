/** Mails over real SMTP: what arrives, from whom, how it hangs together, and what is refused. */
import { ChannelInput, type NewChannel } from '@bellwether/contracts';
import { Logger } from '@nestjs/common';
import type { SMTPServerAuthentication } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { COLORS, HEIGHT, WIDTH } from '../../apps/backend/src/alerts/chart';
import { ZOOM } from '../../apps/backend/src/alerts/raster';
import { LEASE_MS } from '../../apps/backend/src/alerts/notification.service';
import { readConfig } from '../../apps/backend/src/config';
import { Database } from '../../apps/backend/src/database/database';
import { migrate } from '../../apps/backend/src/database/migrate';
import { leaves, type Mailbox, startMailbox } from '../support/mailbox';
import { deliver, endAlert, newChannels, newSender, writeAlert, writeSeries } from '../support/outbox';
import { readPng } from '../support/png';

const START = Date.parse('2025-05-20T12:00:00Z');
const MINUTE = 60_000;
const config = readConfig({ PUBLIC_URL: 'https://bellwether.example/', SECRET_KEY: 's'.repeat(32) });

let database: Database;
let nowMs: number;
let seriesId: number;
let mailbox: Mailbox | undefined;

const foundation = () => ({ database, config, clock: () => nowMs });

beforeAll(async () => {
  await migrate(process.env['DATABASE_URL']!, () => undefined);
  database = new Database(process.env['DATABASE_URL']!, { poolSize: 4, name: 'mail.spec' });
});

beforeEach(async () => {
  nowMs = START;
  seriesId = await writeSeries(database, 'mail.spec', { env: 'prod', who: 'Zoë <z>' });
});

afterEach(async () => {
  vi.restoreAllMocks();
  await mailbox?.close();
  await database.query(`DELETE FROM channel WHERE name = 'mail.spec'`);
});

afterAll(() => database.close());

async function addMail(more: Partial<NewChannel> = {}): Promise<number> {
  const to = ['a@b.example', 'c@b.example'];
  const given = { host: '127.0.0.1', port: mailbox!.port, from: 'bellwether@b.example', to, ...more };
  const channel = ChannelInput.parse({ kind: 'email', name: 'mail.spec', groupWaitSeconds: 0, ...given });
  return (await newChannels(foundation()).add(channel)).id;
}

const fire = (): Promise<number> =>
  writeAlert(database, { seriesId, startsAt: new Date(START), isOver: false, now: new Date(nowMs) });

/** An hour of samples and their band before the alert, and a spike in it. */
async function writeSamples(): Promise<void> {
  await database.query(
    `INSERT INTO sample (series_id, time, value)
     SELECT $1, $2::timestamptz + n * INTERVAL '1 minute', CASE WHEN n < 0 THEN 40 + n % 5 ELSE 95 END
     FROM generate_series(-70, 10) AS n`,
    [seriesId, new Date(START)],
  );
  await database.query(
    `INSERT INTO watermark (series_id, first_sample_at, last_sample_at) VALUES ($1, $2, $3)`,
    [seriesId, new Date(START - 70 * MINUTE), new Date(START + 10 * MINUTE)],
  );
}

describe('a mail', () => {
  test('of an alert has text, HTML and a picture of the chart', async () => {
    mailbox = await startMailbox();
    await addMail({ tls: 'none' });
    await writeSamples();
    await fire();
    await deliver(newSender(foundation()));

    const [mail] = mailbox.mails;
    expect(mail).toMatchObject({
      from: 'bellwether@b.example',
      to: ['a@b.example', 'c@b.example'],
      user: null,
    });
    expect(mail!.root.type).toBe('multipart/alternative');
    const [text, html, picture] = leaves(mail!.root);
    expect([text, html, picture].map((part) => part?.type)).toEqual(['text/plain', 'text/html', 'image/png']);
    expect(text!.content.toString()).toMatch(/^Firing: mail\.spec\{.*who=Zoë <z>/);
    expect(text!.content.toString()).toContain(`https://bellwether.example/series/?id=${seriesId}`);
    expect(html!.content.toString()).toContain('Zoë &lt;z&gt;');
    const cid = /<(.+)>/.exec(picture!.headers['content-id']!)![1];
    expect(html!.content.toString()).toContain(`src="cid:${cid}"`);
    const image = readPng(picture!.content);
    expect([image.width, image.height]).toEqual([WIDTH * ZOOM, HEIGHT * ZOOM]);
    for (const part of ['observed', 'alert'] as const)
      expect(image.count(COLORS[part], 2)).toBeGreaterThan(500);
  });

  test('of its end, and reminders, are answers to the first', async () => {
    mailbox = await startMailbox();
    await addMail({ tls: 'none', repeatHours: 1 });
    const alertId = await fire();
    const sender = newSender(foundation());
    await deliver(sender);
    nowMs += 60 * MINUTE;
    await deliver(sender);
    await endAlert(database, alertId, new Date(nowMs));
    await deliver(sender);

    const headers = mailbox.mails.map(({ root }) => root.headers);
    const [first, ...others] = headers.map((one) => one['message-id']!);
    expect(first).toMatch(/^<[0-9a-f-]{36}@b\.example>$/);
    expect(new Set([first, ...others]).size).toBe(3);
    expect(headers.map((one) => [one['in-reply-to'], one['references']])).toEqual([
      [undefined, undefined],
      [first, first],
      [first, first],
    ]);
    expect(headers[2]!['auto-submitted']).toBe('auto-generated');
  });

  test('that is sent again after a failure has the same Message-ID', async () => {
    let refusals = 1;
    mailbox = await startMailbox({
      onRcptTo: (_, __, done) =>
        done(refusals-- > 0 ? Object.assign(new Error('later'), { responseCode: 451 }) : null),
    });
    const id = await addMail({ tls: 'none', to: ['a@b.example'] });
    await fire();
    const sender = newSender(foundation());
    await deliver(sender);
    expect((await newChannels(foundation()).read(id)).lastError).toMatch(/answered 451 later/);
    const { notifications } = await newChannels(foundation()).notifications(id, { limit: 1, offset: 0 });
    const messageId = `<${notifications[0]!.id}@b.example>`;
    nowMs += LEASE_MS;
    await deliver(sender);
    expect(mailbox.mails.map(({ root }) => root.headers['message-id'])).toEqual([messageId]);
  });
});

describe('a mail server', () => {
  const login = { onAuth: checkLogin, disabledCommands: [], authMethods: ['PLAIN', 'LOGIN'] };

  test('with STARTTLS and a login is given both', async () => {
    mailbox = await startMailbox(login);
    const id = await addMail({ allowsSelfSigned: true, username: 'me', password: 'hush' });
    expect(await newChannels(foundation()).test(id)).toMatchObject({ delivered: true });
    expect(mailbox.mails).toMatchObject([{ user: 'me', isSecure: true }]);
    expect(leaves(mailbox.mails[0]!.root).map(({ type }) => type)).toEqual(['text/plain', 'text/html']);
  });

  test('with TLS from the first byte is spoken to so', async () => {
    mailbox = await startMailbox({ ...login, secure: true });
    const id = await addMail({ tls: 'tls', allowsSelfSigned: true, username: 'me', password: 'hush' });
    expect(await newChannels(foundation()).test(id)).toMatchObject({ delivered: true });
    expect(mailbox.mails).toMatchObject([{ user: 'me', isSecure: true }]);
  });

  test('whose certificate nobody vouches for is refused', async () => {
    mailbox = await startMailbox(login);
    const id = await addMail({ username: 'me', password: 'hush' });
    const { delivered, detail } = await newChannels(foundation()).test(id);
    expect([delivered, mailbox.mails]).toEqual([false, []]);
    expect(detail).toMatch(/certificate/i);
  });

  test('that knows no STARTTLS is given neither password nor mail', async () => {
    const heard: string[] = [];
    mailbox = await startMailbox({
      ...login,
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username }, _, done) => (heard.push(username ?? ''), done(null, { user: username })),
    });
    const id = await addMail({ username: 'me', password: 'hush' });
    expect(await newChannels(foundation()).test(id)).toMatchObject({ delivered: false });
    expect([heard, mailbox.mails]).toEqual([[], []]);
  });

  test('that does not know the password is not asked for a day', async () => {
    const log = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    mailbox = await startMailbox(login);
    const id = await addMail({ allowsSelfSigned: true, username: 'me', password: 'wrong' });
    await fire();
    const sender = newSender(foundation());
    for (let attempt = 0; attempt < 5; attempt++, nowMs += LEASE_MS) await deliver(sender);
    const channel = await newChannels(foundation()).read(id);
    expect(channel).toMatchObject({ waiting: 0, failed: 1, lastError: expect.stringContaining('535') });
    const { notifications } = await newChannels(foundation()).notifications(id, { limit: 1, offset: 0 });
    expect(notifications[0]!.attempts).toBe(3);
    expect(JSON.stringify([channel, log.mock.calls])).not.toMatch(/hush|wrong/);
  });

  test('that refuses one of several is told of nevertheless, and that is said', async () => {
    mailbox = await startMailbox({
      onRcptTo: ({ address }, _, done) =>
        done(
          address === 'c@b.example' ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null,
        ),
    });
    const id = await addMail({ tls: 'none' });
    expect(await newChannels(foundation()).test(id)).toEqual({
      delivered: true,
      detail: 'Delivered to 127.0.0.1, but the server refuses c@b.example.',
    });
    expect(mailbox.mails.map(({ to }) => to)).toEqual([['a@b.example']]);
  });
});

function checkLogin(
  { username, password }: SMTPServerAuthentication,
  _: unknown,
  done: (error: Error | null, response?: { user: string }) => void,
): void {
  if (password === 'hush' && username) done(null, { user: username });
  else done(Object.assign(new Error('who are you?'), { responseCode: 535 }));
}
