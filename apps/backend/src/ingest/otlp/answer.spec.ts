import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { answerFailure, answerSuccess } from './answer';

/** The messages as their definitions have them, read by a library that was given these. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Response { Partial partial_success = 1; }
  message Partial { int64 rejected_data_points = 1; string error_message = 2; }
  message Status { int32 code = 1; string message = 2; }
`);
const read = (type: string, body: Buffer) =>
  root.lookupType(type).toObject(root.lookupType(type).decode(body), { longs: String });

test('a full success says nothing', () => {
  expect(answerSuccess('json', 0, '')).toEqual({ type: 'application/json', body: Buffer.from('{}') });
  expect(answerSuccess('protobuf', 0, '')).toEqual({ type: 'application/x-protobuf', body: Buffer.alloc(0) });
});

test('a partial success says how many, and why', () => {
  const expected = { partialSuccess: { rejectedDataPoints: '70000', errorMessage: 'nö' } };
  expect(JSON.parse(answerSuccess('json', 70_000, 'nö').body.toString())).toEqual(expected);
  expect(read('Response', answerSuccess('protobuf', 70_000, 'nö').body)).toEqual(expected);
});

test('a failure is a status with the code of a bad argument', () => {
  const expected = { code: 3, message: 'nö' };
  expect(JSON.parse(answerFailure('json', 'nö').body.toString())).toEqual(expected);
  expect(read('Status', answerFailure('protobuf', 'nö').body)).toEqual(expected);
});
