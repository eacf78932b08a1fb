/**
 * Slack: blocks to an incoming webhook; `text` is what a notification on a phone shows.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, https://docs.slack.dev/reference/block-kit/blocks
 */
import {
  type ChannelOf,
  facts,
  headline,
  type HttpRequest,
  json,
  type Message,
  sentence,
  shortened,
} from './message';

/** What Slack takes: characters of a header, of a section's text, of a field; fields of a section. */
const LIMITS = { header: 150, text: 3_000, field: 2_000, fields: 10 };

export function slack({ url }: ChannelOf<'slack'>, message: Message): HttpRequest {
  const fields = facts(message)
    .slice(0, LIMITS.fields)
    .map(([name, value]) => mrkdwn(`*${escaped(name)}*\n${escaped(value)}`, LIMITS.field));
  const links = [
    ...(message.link ? [`<${message.link}|Open the chart>`] : []),
    ...(message.verdictLink ? [`<${message.verdictLink}|Was it real?>`] : []),
  ];
  const lines = [escaped(sentence(message)), ...(links.length > 0 ? [links.join(' · ')] : [])];
  return json(url, {
    text: escaped(`${headline(message)}. ${sentence(message)}`),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: shortened(headline(message), LIMITS.header) } },
      { type: 'section', text: mrkdwn(lines.join('\n'), LIMITS.text) },
      ...(fields.length > 0 ? [{ type: 'section', fields }] : []),
    ],
  });
}

const mrkdwn = (text: string, most: number) => ({ type: 'mrkdwn', text: shortened(text, most) });

/** The three characters that Slack reads as its own. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
