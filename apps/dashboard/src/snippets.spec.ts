import { describe, expect, it } from 'vitest';
import { waysToSend } from './snippets';

const ORIGIN = 'https://metrics.example';
const open = waysToSend(ORIGIN, false);
const locked = waysToSend(ORIGIN, true);

describe('waysToSend', () => {
  it.each([
    ['curl', '/api/v1/samples'],
    ['Prometheus', '/api/v1/write'],
    ['Telegraf', ''],
    ['OpenTelemetry', '/v1/metrics'],
    ['Files', ''],
  ])('%s goes to this address', (name, path) => {
    for (const ways of [open, locked]) {
      const text = ways.find((way) => way.name === name)?.text ?? '';
      expect(text.match(/https:\/\/[^\s"]+/g)).toEqual([ORIGIN + path]);
    }
  });

  it('says where a key goes, and only where one is asked for', () => {
    const keyed = locked.map(({ text }) => /.*(KEY|key).*/.exec(text)?.[0].trim());
    expect(keyed).toEqual([
      `-H 'authorization: Bearer YOUR_API_KEY' \\`,
      'credentials: YOUR_API_KEY',
      'token = "YOUR_API_KEY"',
      'Authorization: Bearer YOUR_API_KEY',
      `npx bellwether import file.csv --url ${ORIGIN} --key-file key.txt`,
    ]);
    expect(open.filter(({ text }) => /key/i.test(text))).toEqual([]);
  });
});
