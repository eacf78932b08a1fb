import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptance } from '../ingest/ingest';
import { decodeRemoteWrite, V1 } from '../ingest/prometheus/remote-write';
import { fateOf, prometheusLabels, type ScoreRow, waitMs } from './export';
import { exposition } from './exposition';
import { writeRequest } from './write-request';

const { compress } = createRequire(__filename)('snappyjs') as { compress: (bytes: Uint8Array) => Uint8Array };
const NOW = Date.UTC(2026, 10, 23);

const row = (given: Partial<ScoreRow> = {}): ScoreRow => ({
  name: 'cpu',
  labels: { host: 'a' },
  timeMs: NOW,
  score: 4.5,
  expected: 70,
  lower: 60,
  upper: 80,
  ...given,
});

describe('labels', () => {
  test.each<[string, Record<string, string>, string]>([
    ['stand beside the name', { host: 'a' }, 'host=a series=cpu'],
    ['lose what Prometheus does not allow', { 'a.b': '1', ü: '2', '9x': '3' }, '_=2 _9x=3 a_b=1 series=cpu'],
    ['that become one are told apart', { 'a.b': '1', 'a-b': '2' }, 'a_b=2 a_b_=1 series=cpu'],
    [
      'that become one of one underscore do not become reserved',
      { ä: '1', ü: '2' },
      '_=1 exported_=2 series=cpu',
    ],
    [
      'that are reserved are moved away',
      { series: 'x', __name__: 'y' },
      'exported_name__=y exported_series=x series=cpu',
    ],
    ['without a value are none', { host: '' }, 'series=cpu'],
  ])('%s', (_, labels, expected) => {
    const found = prometheusLabels('cpu', labels);
    expect(found.map((pair) => pair.join('=')).join(' ')).toBe(expected);
  });

  test('are what Prometheus takes: allowed, sorted, and each name once', () => {
    const all = fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), fc.string());
    fc.assert(
      fc.property(fc.string(), all, (name, labels) => {
        const names = prometheusLabels(name, labels).map(([label]) => label);
        for (const label of names) expect(label).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
        for (const label of names) expect(label).not.toMatch(/^__/);
        expect(names).toEqual([...new Set(names)].sort());
      }),
    );
  });
});

describe('the text format', () => {
  test('has a line for each value that there is', () => {
    const lines = exposition(
      [row(), row({ name: 'x"\\\n', labels: {}, expected: null, lower: null, upper: null })],
      3,
    )
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    expect(lines).toEqual([
      'bellwether_score{host="a",series="cpu"} 4.5',
      'bellwether_score{series="x\\"\\\\\\n"} 4.5',
      'bellwether_expected{host="a",series="cpu"} 70',
      'bellwether_lower{host="a",series="cpu"} 60',
      'bellwether_upper{host="a",series="cpu"} 80',
      'bellwether_scores_left_out 3',
      '',
    ]);
  });
});

test('a request is read again as it was meant', () => {
  const labels = { host: 'a' };
  const rows = [
    row({ labels }),
    row({ labels, timeMs: NOW + 1_000, expected: null }),
    row({ name: 'b', labels: {} }),
  ];
  const { batch, refusals } = decodeRemoteWrite(Buffer.from(compress(writeRequest(rows))), V1, {
    accept: acceptance(NOW, 0),
    maxBytes: 1e6,
  });
  expect(refusals).toEqual([]);
  const read = batch.value.map((value, i) => {
    const { name, labels } = batch.series[batch.seriesAt[i]!]!;
    return `${name} ${labels['series']} ${labels['host']} ${batch.timeMs[i]! - NOW} ${value}`;
  });
  expect(read).toEqual(
    [
      'bellwether_score cpu a 0 4.5',
      'bellwether_score cpu a 1000 4.5',
      'bellwether_expected cpu a 0 70',
      'bellwether_lower cpu a 0 60',
      'bellwether_lower cpu a 1000 60',
      'bellwether_upper cpu a 0 80',
      'bellwether_upper cpu a 1000 80',
      'bellwether_score b undefined 0 4.5',
      'bellwether_expected b undefined 0 70',
      'bellwether_lower b undefined 0 60',
      'bellwether_upper b undefined 0 80',
    ].map((line) => line),
  );
});

test.each([
  [200, 'sent'],
  [204, 'sent'],
  [undefined, 'retry'],
  [429, 'retry'],
  [503, 'retry'],
  [302, 'refused'],
  [400, 'refused'],
  [404, 'refused'],
] as const)('%s is %s', (status, fate) => expect(fateOf(status)).toBe(fate));

test('it waits longer and longer, and as long as it is asked for, within reason', () => {
  expect([1, 2, 3, 7, 1000].map((failures) => waitMs(failures, undefined))).toEqual([
    1e3, 2e3, 4e3, 6e4, 6e4,
  ]);
  expect([5_000, 1e9, 1].map((asked) => waitMs(1, asked))).toEqual([5_000, 300_000, 1_000]);
});
