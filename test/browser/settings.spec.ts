/** Channels: added, tried, and deleted again. */
import { beforeAll, expect, test } from 'vitest';
import { Client } from 'pg';
import type { Page } from 'playwright-core';
import { startReceiver } from '../support/bellwether';
import {
  button,
  fact,
  isGone,
  reads,
  region,
  sees,
  settled,
  sticksOut,
  takePicture,
} from '../support/browser';
import { setScene } from '../support/scene';

let receiver: Awaited<ReturnType<typeof startReceiver>>;
const { bellwether, person, embedded } = setScene(
  { ROLES: 'api' },
  { hasOwnDatabase: true, afterwards: () => receiver?.close() },
);
let page: Page;

beforeAll(async () => {
  receiver = await startReceiver();
  page = await person.open(`${bellwether.url}/settings/`);
});

const channel = (name: string) => page.getByRole('article', { name: `Channel ${name}` });
const dialog = (title: string) => page.getByRole('dialog', { name: title });

async function add(name: string, kind: string, fields: Record<string, string>): Promise<void> {
  await button(page, 'Add a channel').click();
  const form = dialog('Add a channel');
  await form.getByText(kind, { exact: true }).click();
  await form.getByLabel('Name', { exact: true }).fill(name);
  for (const [label, text] of Object.entries(fields))
    await form.getByLabel(label, { exact: true }).fill(text);
  await button(form, 'Add channel').click();
  await isGone(form);
  await sees(channel(name));
}

/** What the process that sends leaves behind when a receiver goes on saying no. */
async function giveUp(name: string): Promise<void> {
  const sql = new Client(embedded.url);
  await sql.connect();
  await sql.query(
    `WITH s AS (INSERT INTO series (name) VALUES ('settings.spec') RETURNING id),
          a AS (INSERT INTO alert (series_id, starts_at, peak_at, peak_value, peak_score, peak_vrnn_share, threshold)
                SELECT s.id, now(), now(), 1, 9, 0.5, 3 FROM s RETURNING id),
          i AS (INSERT INTO incident (starts_at, severity, is_history, first_alert_id, title, alert_count, series_count)
                SELECT now(), 'warning', false, a.id, 'settings.spec', 1, 1 FROM a RETURNING id)
     INSERT INTO notification (channel_id, incident_id, event, attempts, failed_at, last_error)
     SELECT c.id, i.id, 'incident.firing', 3, now(), 'The receiver answered HTTP 404: nobody here'
     FROM channel c CROSS JOIN i WHERE c.name = $1`,
    [name],
  );
  await sql.end();
}

test('without a channel, the page says that nobody is told', () =>
  sees(region(page, 'Notification channels').getByText('Nobody is told yet')));

test('a webhook is added, and a test of it arrives', async () => {
  await add('On call', 'Webhook', { 'Webhook address': receiver.url });
  await reads(channel('On call'), `Webhook to ${new URL(receiver.url).host}`);
  await reads(fact(channel('On call'), 'Last delivered'), 'never');
  await button(page, 'Test On call').click();
  await reads(channel('On call').getByRole('status'), 'Test delivered');
  expect(receiver.received.map(({ event }) => event)).toEqual(['test']);
});

test('a test that does not arrive says so', async () => {
  const gone = await startReceiver();
  gone.close();
  await add('Nobody there', 'Slack', { 'Webhook address': gone.url });
  await button(page, 'Test Nobody there').click();
  await reads(channel('Nobody there').getByRole('status'), 'Test not delivered: ');
});

test('every kind has its fields, and what is wrong in one is said by its name', async () => {
  await button(page, 'Add a channel').click();
  const form = dialog('Add a channel');
  for (const [kind, label] of [
    ['PagerDuty', 'Integration key'],
    ['Teams', 'Workflow address'],
    ['Alertmanager', 'Address'],
    ['ntfy', 'Topic address'],
    ['Email', 'Mail server'],
    ['PagerDuty', 'Integration key'],
  ] as const) {
    await form.getByText(kind, { exact: true }).click();
    await sees(form.getByLabel(label, { exact: true }));
  }
  await form.getByLabel('Integration key', { exact: true }).fill('too short');
  await button(form, 'Add channel').click();
  await reads(form.getByRole('alert'), 'Integration key: a routing key has 32 letters and digits');
  // The browser itself tells the console of a request that was refused.
  expect(person.complaints().every((text) => text.includes('400'))).toBe(true);
  await page.keyboard.press('Escape');
  await isGone(form);
});

test('a channel is changed; its address is kept where none is typed, and a secret is made for it', async () => {
  await button(page, 'Edit On call').click();
  const form = dialog('Edit On call');
  await reads(form, `Set, at ${new URL(receiver.url).host}. Empty: it is kept.`);
  await button(form, 'Make one').click();
  expect(await form.getByLabel('Signing secret', { exact: true }).inputValue()).toMatch(/^whsec_.{44}$/);
  await form.getByText('Which incidents, and how often').click();
  await form.getByLabel('Only series with these labels').fill('env=prod');
  await form.getByLabel('Remind every, hours').fill('4');
  await form.getByLabel('Least severity').selectOption('critical');
  await form.getByLabel('Waits for what joins, in s').fill('45');
  await button(form, 'Save channel').click();
  await isGone(form);
  await reads(channel('On call'), 'only of env=prod, critical');
  await button(page, 'Test On call').click();
  await reads(channel('On call').getByRole('status'), 'Test delivered');

  await button(page, 'Edit On call').click();
  await reads(form, 'Signing secret: remove what is set');
  expect(await form.getByLabel('Signing secret', { exact: true }).inputValue()).toBe('');
  expect(await form.getByLabel('Remind every, hours').inputValue()).toBe('4');
  expect(await form.getByLabel('Least severity').inputValue()).toBe('critical');
  expect(await form.getByLabel('Waits for what joins, in s').inputValue()).toBe('45');
  await page.keyboard.press('Escape');
  await isGone(form);
});

test('a channel is paused, and goes on', async () => {
  await button(page, 'Pause On call').click();
  await reads(channel('On call'), 'Paused');
  await button(page, 'Resume On call').click();
  await isGone(channel('On call').getByText('Paused'));
});

test('what was given up is shown with its reason, and sent again', async () => {
  await giveUp('On call');
  await page.reload();
  await reads(channel('On call'), 'Given up on some');
  await channel('On call').getByText('1 notification given up').click();
  await reads(channel('On call'), 'The receiver answered HTTP 404: nobody here');
  await button(page, 'Send again to On call: settings.spec').click();
  await isGone(channel('On call').getByText('1 notification given up'));
  await reads(fact(channel('On call'), 'Waiting'), '1 notification');
});

test('nothing sticks out of a phone, nor of the form on it', async () => {
  const phone = await person.open(`${bellwether.url}/settings/`, { width: 390 });
  await settled(phone);
  expect(await sticksOut(phone)).toEqual([]);
  await phone.getByRole('button', { name: 'Edit On call' }).click();
  await phone.getByText('Which incidents, and how often').click();
  expect(await sticksOut(phone)).toEqual([]);
  await takePicture(phone, 'settings-phone');
  await phone.close();
});

test('a channel is deleted once that is confirmed, and not before', async () => {
  const question = page.getByRole('alertdialog', { name: 'Delete On call?' });
  await button(page, 'Delete On call').click();
  await button(question, 'Cancel').click();
  await isGone(question);
  await sees(channel('On call'));

  await button(page, 'Delete On call').click();
  await button(question, 'Delete channel').click();
  await isGone(channel('On call'));
  await page.reload();
  await sees(channel('Nobody there'));
  expect(await channel('On call').count()).toBe(0);
});
