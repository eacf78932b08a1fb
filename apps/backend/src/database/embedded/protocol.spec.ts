import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createFramer,
  errorResponse,
  message,
  type Packet,
  query,
  readAnswer,
  readyForQuery,
  sqlOf,
  sync,
} from './protocol';

const LIMIT = 1000;

const startup = (code: number, body = ''): Buffer => {
  const bytes = Buffer.alloc(8 + Buffer.byteLength(body));
  bytes.writeInt32BE(bytes.length, 0);
  bytes.writeInt32BE(code, 4);
  bytes.write(body, 8);
  return bytes;
};
const VERSION_3 = startup(196608, 'user\0ada\0database\0metrics\0\0');
const TLS = startup(80877103);
const GSS = startup(80877104);
const CANCEL = startup(80877102, '12345678');

const packets = (chunks: Buffer[], limitBytes = LIMIT): Packet[] => {
  const framer = createFramer();
  const found: Packet[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let packet = framer.next(limitBytes); packet; packet = framer.next(limitBytes)) found.push(packet);
  }
  return found;
};

/** The stream cut into pieces of these sizes, over and over. */
const cut = (stream: Buffer, sizes: number[]): Buffer[] => {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    pieces.push(stream.subarray(at, at + size));
    at += size;
  }
  return pieces;
};

const shape = (packet: Packet): string => {
  if (packet.kind === 'message') return `${packet.message.type}:${packet.message.bytes.toString('hex')}`;
  return JSON.stringify(packet);
};

describe('the framer', () => {
  const anyMessage = fc
    .tuple(fc.constantFrom('Q', 'P', 'B', 'S', 'd'), fc.uint8Array({ maxLength: 300 }))
    .map(([type, body]) => message(type, Buffer.from(body)));

  it('gives the same packets for any cutting of the stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(TLS, GSS), { maxLength: 2 }),
        fc.array(anyMessage, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 }),
        (requests, messages, sizes) => {
          const stream = Buffer.concat([...requests, VERSION_3, ...messages]);
          const whole = packets([stream]).map(shape);
          expect(packets(cut(stream, sizes)).map(shape)).toEqual(whole);
          expect(whole).toHaveLength(requests.length + 1 + messages.length);
        },
      ),
    );
  });

  it('gives the same packets for any cutting of any bytes at all, and never throws', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
        (hasStarted, bytes, sizes) => {
          const stream = Buffer.concat([hasStarted ? VERSION_3 : Buffer.alloc(0), Buffer.from(bytes)]);
          expect(packets(cut(stream, sizes)).map(shape)).toEqual(packets([stream]).map(shape));
        },
      ),
    );
  });

  it('reads the parameters of a start-up packet', () => {
    expect(packets([VERSION_3])).toEqual([
      { kind: 'startup', parameters: { user: 'ada', database: 'metrics' } },
    ]);
  });

  it('tells requests for encryption and for cancelling from a start-up packet', () => {
    expect(packets([TLS, GSS, CANCEL]).map(({ kind }) => kind)).toEqual([
      'encryption',
      'encryption',
      'cancel',
    ]);
  });

  it.each([
    ['another version', [startup(131072)]],
    ['something that is no PostgreSQL at all', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['a length below its own four bytes', [VERSION_3, Buffer.from([0x51, 0, 0, 0, 3])]],
    [
      'a message over the limit, at its header',
      [VERSION_3, message('Q', Buffer.alloc(LIMIT)).subarray(0, 5)],
    ],
  ])('refuses %s, and then says nothing more', (_, chunks) => {
    expect(
      packets([...chunks, sync, sync])
        .map(({ kind }) => kind)
        .at(-1),
    ).toBe('violation');
    expect(packets([...chunks, sync, sync]).filter(({ kind }) => kind === 'message')).toEqual([]);
  });
});

describe('reading', () => {
  it('finds the SQL of a query and of a statement to prepare', () => {
    expect(sqlOf({ type: 'Q', bytes: query('SELECT 1') })).toBe('SELECT 1');
    expect(sqlOf({ type: 'P', bytes: message('P', 'name', 'SELECT $1', Buffer.alloc(2)) })).toBe('SELECT $1');
    expect(sqlOf({ type: 'S', bytes: sync })).toBeUndefined();
  });

  const complete = message('C', 'NOTIFY');
  const notification = message('A', Buffer.alloc(4), 'alerts', 'payload');

  it('takes the notifications out of an answer, wherever they are', () => {
    const answer = Buffer.concat([notification, complete, notification, readyForQuery('I')]);
    const { bytes, notifications, status, tag } = readAnswer(answer);
    expect(bytes).toEqual(Buffer.concat([complete, readyForQuery('I')]));
    expect(notifications).toEqual([1, 2].map(() => ({ channel: 'alerts', bytes: notification })));
    expect([status, tag]).toEqual(['I', 'NOTIFY']);
  });

  it('takes out one message that the client has had already', () => {
    const parsed = message('1');
    const { bytes } = readAnswer(Buffer.concat([parsed, parsed, complete, readyForQuery('T')]), '1');
    expect(bytes).toEqual(Buffer.concat([parsed, complete, readyForQuery('T')]));
  });

  it('sees that a statement failed, and that no ReadyForQuery came', () => {
    const { hasFailed, status } = readAnswer(errorResponse('ERROR', '22012', 'division by zero'));
    expect([hasFailed, status]).toEqual([true, undefined]);
  });
});
