/**
 * Email: text and HTML, with a picture of the chart in it. `Message-ID` is made of the notification's id, so that what arrives twice is
 * recognisable, and everything about an incident is an answer to its first mail (RFC 5322, 3.6.4).
 */
import type { SendMailOptions } from 'nodemailer';
import { type ChannelOf, facts, headline, type Message, sentence } from './message';

const PICTURE_ID = 'chart@bellwether';

export function email(
  { from, to }: Pick<ChannelOf<'email'>, 'from' | 'to'>,
  message: Message,
  picture: Buffer | null,
): SendMailOptions {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const idOf = (id: string) => `<${id}@${domain}>`;
  const first = idOf(message.thread);
  const isFirst = message.thread === message.id;
  return {
    from: { name: 'Bellwether', address: from },
    to,
    subject: headline({ ...message, repetition: 0 }),
    messageId: idOf(message.id),
    ...(isFirst ? {} : { inReplyTo: first, references: [first] }),
    date: new Date(message.sentAtMs),
    // Nobody's holiday reply belongs here (RFC 3834).
    headers: { 'Auto-Submitted': 'auto-generated' },
    text: textOf(message),
    html: htmlOf(message, picture !== null),
    ...(picture
      ? {
          attachments: [
            { filename: 'chart.png', content: picture, contentType: 'image/png', cid: PICTURE_ID },
          ],
        }
      : {}),
  };
}

function textOf(message: Message): string {
  const table = facts(message).map(([name, value]) => `${name}: ${value}`);
  const parts = [
    headline(message),
    sentence(message),
    table.join('\n'),
    message.link ?? '',
    verdictText(message),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

const verdictText = ({ verdictLink }: Message): string => (verdictLink ? `Was it real? ${verdictLink}` : '');

/** Tables and inline styles: what every mail program shows. */
function htmlOf(message: Message, hasPicture: boolean): string {
  const color = message.event === 'incident.firing' ? '#b3261e' : '#14713f';
  const rows = facts(message).map(
    ([name, value]) =>
      `<tr><td style="padding:2px 16px 2px 0;color:#525a68">${escaped(name)}</td><td>${escaped(value)}</td></tr>`,
  );
  return [
    '<div style="font:15px/1.5 sans-serif;color:#14181f;max-width:720px">',
    `<h1 style="font-size:18px;color:${color}">${escaped(headline(message))}</h1>`,
    `<p>${escaped(sentence(message))}</p>`,
    hasPicture
      ? `<p><img src="cid:${PICTURE_ID}" width="720" style="max-width:100%" alt="${escaped(`The series around the alert. ${sentence(message)}`)}"></p>`
      : '',
    rows.length > 0 ? `<table style="font-size:14px;border-collapse:collapse">${rows.join('')}</table>` : '',
    message.link ? `<p><a href="${escaped(message.link)}">Open the chart</a></p>` : '',
    message.verdictLink ? `<p><a href="${escaped(message.verdictLink)}">Was it real?</a></p>` : '',
    '</div>',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
