import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { admit, needOf } from './admission';

test('a request needs what it says, a compressed one more, and one that does not say the most', () => {
  expect(needOf({ 'content-length': '100' }, 1000)).toBe(100);
  expect(needOf({ 'content-length': '100', 'content-encoding': 'gzip' }, 10_000)).toBe(800);
  expect(needOf({ 'content-length': '5000' }, 1000)).toBe(1000);
  expect(needOf({}, 1000)).toBe(1000);
});

describe('requests', () => {
  const gate = () => {
    const enter = admit({ limit: 100, largest: 80, isPatient: () => true });
    return (length: number): { isIn: boolean; end: () => void } => {
      const response = Object.assign(new EventEmitter(), { setHeader: () => undefined });
      const request = { headers: { 'content-length': String(length) } };
      let isIn = false;
      try {
        enter(
          request as unknown as IncomingMessage,
          response as unknown as ServerResponse,
          () => (isIn = true),
        );
      } catch (error) {
        expect(error).toMatchObject({ status: 429, retryAfter: 1 });
      }
      return { isIn, end: () => void response.emit('close') };
    };
  };

  test('come in while there is room, and again when others have left', () => {
    const send = gate();
    const first = send(60);
    expect([first.isIn, send(30).isIn, send(20).isIn]).toEqual([true, true, false]);
    first.end();
    expect([send(50).isIn, send(50).isIn]).toEqual([true, false]);
  });

  test('of any size come in alone', () => {
    const send = gate();
    const large = send(1_000_000);
    expect([large.isIn, send(30).isIn]).toEqual([true, false]);
    large.end();
    expect(send(30).isIn).toBe(true);
  });
});

test('a client that throws away what a 429 refuses is told 503', () => {
  const enter = admit({ limit: 1, largest: 10, isPatient: () => false });
  const response = Object.assign(new EventEmitter(), { setHeader: () => undefined });
  const request = { headers: { 'content-length': '5' } } as unknown as IncomingMessage;
  enter(request, response as unknown as ServerResponse, () => undefined);
  expect(() => enter(request, response as unknown as ServerResponse, () => undefined)).toThrow(
    expect.objectContaining({ status: 503, retryAfter: 1 }),
  );
});
