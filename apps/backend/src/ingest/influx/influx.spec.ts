import fc from 'fast-check';
import { Point } from '@influxdata/influxdb-client';
import { describe, expect, test } from 'vitest';
import { RequestError } from '../../http/problem';
import { acceptance, MAX_SAMPLES, type Decoded } from '../ingest';
import { decodeLines, readPrecision } from './influx';

const NOW = Date.UTC(2026, 0, 31, 12);
const accept = acceptance(NOW, 0);
const decode = (body: string | Buffer, precision = 'ns') =>
  decodeLines(Buffer.from(body), { precision: readPrecision(precision, 1), nowMs: NOW }, accept);

/** What was taken, as `name{labels} time = value`; the time only where it is not now. */
const rows = ({ batch: { series, seriesAt, timeMs, value } }: Decoded) =>
  value.map((one, i) => {
    const { name, labels } = series[seriesAt[i]!]!;
    const of = Object.entries(labels).map(([key, text]) => `${key}=${text}`);
    const at = timeMs[i] === NOW ? '' : ` ${timeMs[i]! - NOW}`;
    return `${name}${of.length > 0 ? `{${of.join()}}` : ''}${at} = ${one}`;
  });
const refused = ({ refusals }: Decoded) =>
  refusals.map(({ reason, count, first }) => `${count} ${reason}: ${first.at}: ${first.detail}`);

describe('a line', () => {
  test.each<[string, string[]]>([
    ['cpu value=0.5', ['cpu.value = 0.5']],
    ['cpu,host=a,core=1 user=1,sys=2', ['cpu.user{core=1,host=a} = 1', 'cpu.sys{core=1,host=a} = 2']],
    ['m a=1i,b=-2i,c=3u,d=+4', ['m.a = 1', 'm.b = -2', 'm.c = 3', 'm.d = 4']],
    ['m a=1.,b=.5,c=1e3,d=-1.5E-3', ['m.a = 1', 'm.b = 0.5', 'm.c = 1000', 'm.d = -0.0015']],
    ['m a=t,b=T,c=true,d=True,e=TRUE', ['m.a = 1', 'm.b = 1', 'm.c = 1', 'm.d = 1', 'm.e = 1']],
    ['m a=f,b=F,c=false,d=False,e=FALSE', ['m.a = 0', 'm.b = 0', 'm.c = 0', 'm.d = 0', 'm.e = 0']],
    ['  m   a=1   ', ['m.a = 1']],
    ['m a=1\r\nm b=2\r\n', ['m.a = 1', 'm.b = 2']],
    ['\n# a comment, a=1\n\n\t# another\nm a=1\n\n', ['m.a = 1']],
    ['\uFEFFm a=1', ['m.a = 1']],
    ['m\\,\\ x,a\\ b\\,c\\=d=e\\ f\\,g\\=h k\\ l\\,m\\=n=1', ['m, x.k l,m=n{a b,c=d=e f,g=h} = 1']],
    ['m\\x,a=b\\y c\\z=1', ['m\\x.c\\z{a=b\\y} = 1']],
    ['m=x,a=b v=1', ['m=x.v{a=b} = 1']],
    ['m,a=\u00e4\u{1f600} \u00f6=1', ['m.\u00f6{a=\u00e4\u{1f600}} = 1']],
    ['m,__proto__=x,constructor=y v=1', ['m.v{constructor=y} = 1']],
  ])('%j is %j', (body, expected) => {
    const decoded = decode(body);
    expect(refused(decoded)).toEqual([]);
    expect(rows(decoded)).toEqual(expected);
  });

  test('may hold strings, whatever is in them: they are counted as no numbers', () => {
    const body = 'm a="x, y=1 2",b=1\nm c="say \\"hi\\"\nm z=9\n# no",d=2\nm e="\\\\",f=3,g=""';
    const decoded = decode(body);
    expect(rows(decoded)).toEqual(['m.b = 1', 'm.d = 2', 'm.f = 3']);
    expect(refused(decoded)).toEqual(['4 not_a_number: line 1, column 3: the field is a string']);
  });

  test.each([
    ['m', 'column 2: there are no fields after the measurement'],
    ['m,a=b ', 'column 7: there are no fields after the measurement'],
    [',a=b v=1', 'column 1: the measurement is missing'],
    ['m,a v=1', 'column 4: the tag "a" has no value'],
    ['m,a= v=1', 'column 4: the tag "a" has no value'],
    ['m,=b v=1', 'column 3: a tag has no name'],
    ['m, v=1', 'column 3: a tag has no name'],
    ['m,a=1,a=2 v=1', 'column 7: the tag "a" is there twice'],
    ['m =1', 'column 3: a field has no name'],
    ['m v', 'column 4: there is no = after the field "v"'],
    ['m v=', 'column 5: the field "v" has no value'],
    ['m v=1,', 'column 7: a field has no name'],
    ['m v=abc', 'column 5: "abc" is neither a number nor a boolean, and a string needs quotes'],
    ['m v=-1u', 'column 5: "-1u" is neither a number nor a boolean, and a string needs quotes'],
    ['m v=0x10', 'column 5: "0x10" is neither a number nor a boolean, and a string needs quotes'],
    ['m v="abc', 'column 5: the quote is not closed'],
    ['m v="abc"d', 'column 10: there is something after the closing quote'],
    ['m v=1 yesterday', 'column 7: the time is not a whole number of at most 19 digits'],
    ['m v=1 12345678901234567890', 'column 7: the time is not a whole number of at most 19 digits'],
    ['m v=1 1 2', 'column 9: there is something after the time'],
  ])('%j is refused as a whole, and the others are written', (line, why) => {
    const decoded = decode(`ok a=1\n${line}\nok b=2`);
    expect(rows(decoded)).toEqual(['ok.a = 1', 'ok.b = 2']);
    expect(refused(decoded)).toEqual([`1 unparsable: line 2, ${why}`]);
  });

  test.each([
    ['m v=NaN,w=1', '1 non_finite: line 1, column 3: the value is not a finite number'],
    ['m w=1,v=-Inf', '1 non_finite: line 1, column 7: the value is not a finite number'],
    ['m v=1e999,w=1', '1 non_finite: line 1, column 3: the value is not a finite number'],
    [
      `m ${'v'.repeat(300)}=1,w=1`,
      '1 bad_series: line 1, column 3: series: the name is longer than 200 characters',
    ],
  ])('%j loses one field', (line, why) => {
    const decoded = decode(line);
    expect(rows(decoded)).toEqual(['m.w = 1']);
    expect(refused(decoded)).toEqual([why]);
  });

  test.each([
    [`${'m'.repeat(201)} v=1,w=2`, 'series: the name is longer than 200 characters'],
    [`m,a=${'x'.repeat(201)} v=1,w=2`, 'labels: a label is longer than 200 characters'],
    [`m,${Array.from({ length: 21 }, (_, i) => `t${i}=x`).join()} v=1,w=2`, 'labels: more than 20 labels'],
    ['m,a=\t v=1,w=2', 'labels: a label value holds control characters'],
  ])('%j is no series', (line, why) => {
    expect(refused(decode(line))).toEqual([`2 bad_series: line 1, column ${line.indexOf(' ') + 2}: ${why}`]);
  });
});

describe('a time', () => {
  test.each([
    ['ns', '1769860800000000000', 0],
    ['n', '1769860800001499999', 1],
    ['ns', '1769860800001500000', 2],
    ['ns', '1769860800000999999', 1],
    ['u', '1769860800001000', 1],
    ['us', '1769860800001499', 1],
    ['\u00b5', '1769860800001500', 2],
    ['\u03bc', '1769860800001000', 1],
    ['ms', '1769860800001', 1],
    ['s', '1769860801', 1_000],
    ['m', '29497680', 0],
    ['h', '491628', 0],
  ])('in %s of %s', (precision, time, offset) => {
    expect(decode(`m v=1 ${time}`, precision).batch.timeMs).toEqual([NOW + offset]);
  });

  test('keeps its millisecond, whichever it is', () => {
    const time = fc.integer({ min: accept.oldestMs, max: accept.newestMs - 2 });
    const below = fc.integer({ min: 0, max: 499_999 });
    fc.assert(
      fc.property(time, below, (timeMs, nanoseconds) => {
        const digits = String(BigInt(timeMs) * 1_000_000n + BigInt(nanoseconds));
        expect(decode(`m v=1 ${digits}`).batch.timeMs).toEqual([timeMs]);
      }),
    );
  });

  test.each(['-1', '-12345678901234567', '0', '1'])('of %s is too old', (time) => {
    expect(decode(`m v=1 ${time}`).refusals).toMatchObject([{ reason: 'too_old', count: 1 }]);
  });

  test.each([
    [1, 'rfc3339'],
    [2, 'm'],
    [2, 'toString'],
  ] as const)('needs a precision that version %d knows, not %s', (version, precision) => {
    expect(() => readPrecision(precision, version)).toThrow(/precision: not one of .*ns, .*ms, s/);
    expect(() => readPrecision(['ns', 'ns'], version)).toThrow(/precision/);
  });
});

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => {
  // A backslash at the end would escape what follows, and no encoder can say otherwise; `__proto__` is a name of nobody's.
  const plain = text.replace(/[\p{Cc}\p{Cs}]/gu, '').replaceAll('\\', '/');
  const short = [...plain].slice(0, 20).join('').trim();
  return short === '' || short.startsWith('#') || short === '__proto__' ? 'x' : short;
});
const point = fc.record({
  measurement: name,
  tags: fc.dictionary(name, name, { maxKeys: 5 }),
  fields: fc.dictionary(name, fc.double({ noNaN: true, noDefaultInfinity: true }), {
    minKeys: 1,
    maxKeys: 4,
  }),
  timeMs: fc.integer({ min: accept.oldestMs, max: accept.newestMs - 1 }),
});
type Drawn = typeof point extends fc.Arbitrary<infer T> ? T : never;

/** Written by InfluxDB's own client. */
function encode({ measurement, tags, fields, timeMs }: Drawn): string {
  const one = new Point(measurement).timestamp(`${timeMs}000000`);
  for (const [key, text] of Object.entries(tags)) one.tag(key, text);
  for (const [key, value] of Object.entries(fields)) one.floatField(key, value);
  return one.toLineProtocol()!;
}

test('what the client of InfluxDB wrote is what is read', () => {
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 10 }), (points) => {
      const decoded = decode(points.map(encode).join('\n'));
      expect(decoded.refusals).toEqual([]);
      const { series, seriesAt, timeMs, value } = decoded.batch;
      const read = value.map((one, i) => ({ ...series[seriesAt[i]!]!, timeMs: timeMs[i], value: one }));
      const sent = points.flatMap(({ measurement, tags, fields, timeMs: time }) =>
        Object.entries(fields).map(([field, one]) => ({ measurement, tags, field, time, one })),
      );
      // The client sorts the fields of a point.
      const bag = (list: unknown[]) => list.map((item) => JSON.stringify(item)).sort();
      expect(bag(read.map(({ name, labels, timeMs, value }) => [name, labels, timeMs, value]))).toEqual(
        bag(
          sent.map(({ measurement, tags, field, time, one }) => [
            `${measurement}.${field}`,
            Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1))),
            time,
            one,
          ]),
        ),
      );
    }),
  );
});

describe('garbage', () => {
  const survives = (body: Buffer) => {
    try {
      const { batch, refusals } = decode(body);
      expect(batch.value.every(Number.isFinite)).toBe(true);
      expect(refusals.every(({ count, first }) => count > 0 && /^line \d+, column \d+$/.test(first.at))).toBe(
        true,
      );
    } catch (error) {
      expect(error).toBeInstanceOf(RequestError);
    }
  };
  const bytes = fc.uint8Array({ maxLength: 300 }).map((one) => Buffer.from(one));
  const letters = fc
    .array(
      fc.constantFrom('m', 'v', '=', ',', ' ', '"', '\\', '\n', '\r', '#', '1', 'i', 't', '.', '-', '\0'),
    )
    .map((list) => Buffer.from(list.join('')));

  test('of any kind is an answer', () => {
    fc.assert(fc.property(fc.oneof(bytes, letters), survives), { numRuns: 500 });
  });

  test('in a good body is an answer', () => {
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 1 }),
        fc.nat(),
        letters,
        fc.nat(),
        (points, seed, noise, cut) => {
          const body = Buffer.from(points.map(encode).join('\n'));
          const at = seed % body.length;
          survives(Buffer.concat([body.subarray(0, at), noise, body.subarray(at + noise.length)]));
          survives(body.subarray(0, cut % body.length));
        },
      ),
    );
  });

  const MIB = 1024 * 1024;
  test.each([
    ['one word', 'x'.repeat(4 * MIB)],
    ['commas', ','.repeat(4 * MIB)],
    ['backslashes', '\\'.repeat(4 * MIB)],
    ['a string of backslashes', `m v="${'\\'.repeat(4 * MIB)}`],
    ['escaped quotes', `m v="${'\\"'.repeat(2 * MIB)}`],
    ['open quotes', 'm v="\n'.repeat(MIB / 2)],
    ['open quotes and words', 'm v="x\nx\n'.repeat(MIB / 2)],
    ['tags', `m${',a=b'.repeat(MIB)} v=1`],
    ['different tags', `m${Array.from({ length: 400_000 }, (_, i) => `,${i}=b`).join('')} v=1,w=1`],
    ['one long tag and many fields', `m,a=${'x'.repeat(2 * MIB)} ${'v=1,'.repeat(400_000)}v=1`],
    ['a long measurement and many fields', `${'m'.repeat(2 * MIB)} ${'v=1,'.repeat(400_000)}v=1`],
    ['digits', `m v=${'1'.repeat(4 * MIB)}`],
    ['a long time', `m v=1 ${'1'.repeat(4 * MIB)}`],
    ['blank lines in a string', `m v="${'\n'.repeat(4 * MIB)}"x`],
    ['spaces', ' '.repeat(4 * MIB)],
    ['comments', '#\n'.repeat(2 * MIB)],
  ])('of megabytes is an answer at once: %s', (_, body) => {
    const before = performance.now();
    survives(Buffer.from(body));
    expect(performance.now() - before).toBeLessThan(8_000);
  });

  test('that would take more memory than it has bytes is a 413', () => {
    const tags = Array.from({ length: 20 }, (_, i) => `,t${i}=${'x'.repeat(200)}`).join('');
    const fields = Array.from({ length: 100_000 }, (_, i) => `${i}=1`).join();
    expect(() => decode(`m${tags} ${fields}`)).toThrow(expect.objectContaining({ status: 413 }));
    expect(() => decode('m v=1\n'.repeat(MAX_SAMPLES + 1))).toThrow(expect.objectContaining({ status: 413 }));
  });
});
