/**
 * Microsoft Teams: an Adaptive Card to a workflow ("When a Teams webhook request is received").
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 * https://adaptivecards.io/explorer/
 */
import { type ChannelOf, facts, headline, type HttpRequest, json, type Message, sentence } from './message';

const COLORS = { 'incident.firing': 'Attention', 'incident.resolved': 'Good', test: 'Accent' };

export function teams({ url }: ChannelOf<'teams'>, message: Message): HttpRequest {
  const table = facts(message).map(([title, value]) => ({ title, value }));
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      {
        ...text(headline(message)),
        ...{ weight: 'Bolder', size: 'Medium', color: COLORS[message.event] },
      },
      text(sentence(message)),
      ...(table.length > 0 ? [{ type: 'FactSet', facts: table }] : []),
    ],
    actions: [...openUrl('Open the chart', message.link), ...openUrl('Was it real?', message.verdictLink)],
  };
  return json(url, {
    type: 'message',
    attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }],
  });
}

const openUrl = (title: string, url: string | null) => (url ? [{ type: 'Action.OpenUrl', title, url }] : []);

/** Cards read Markdown: what could be some is escaped. */
const text = (words: string) => ({
  type: 'TextBlock',
  text: words.replace(/[\\`*_[\]#]/g, '\\$&'),
  wrap: true,
});
