/**
 * Weights as bytes that describe themselves: "BWM1", the length of a JSON header (uint32, little-endian), the header
 * {specs: [{name, shape}]}, then the float32 values of all variables, little-endian, in that order.
 */
import * as tf from '@tensorflow/tfjs';
import { type Weights, disposeWeights } from './layers';

const MAGIC = 'BWM1';

/** These bytes are not the weights of this model. */
export class ArtifactMismatch extends Error {
  override name = 'ArtifactMismatch';
}

interface Spec {
  name: string;
  shape: number[];
}

export type Values = Record<string, Float32Array>;

export const valuesOf = (weights: Weights): Values =>
  Object.fromEntries(
    Object.entries(weights).map(([name, variable]) => [name, Float32Array.from(variable.dataSync())]),
  );

export function assign(weights: Weights, values: Values): void {
  for (const [name, variable] of Object.entries(weights)) {
    tf.tidy(() => variable.assign(tf.tensor(values[name]!, variable.shape)));
  }
}

export function pack(weights: Weights): Uint8Array {
  const specs: Spec[] = Object.entries(weights).map(([name, { shape }]) => ({ name, shape }));
  const header = Buffer.from(JSON.stringify({ specs }));
  const prefix = Buffer.alloc(8);
  prefix.write(MAGIC, 'latin1');
  prefix.writeUInt32LE(header.length, 4);
  const data = Object.values(valuesOf(weights)).map(toBytes);
  return new Uint8Array(Buffer.concat([prefix, header, ...data]));
}

/** Assigns packed values to `weights`, which must have the same names and shapes, or else are disposed of. */
export function unpack(packed: Uint8Array, weights: Weights): void {
  try {
    assign(weights, read(packed, weights));
  } catch (error) {
    disposeWeights(weights);
    throw error;
  }
}

function read(packed: Uint8Array, weights: Weights): Values {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  if (bytes.toString('latin1', 0, 4) !== MAGIC)
    throw new ArtifactMismatch('these bytes are not packed weights');
  let offset = 8 + bytes.readUInt32LE(4);
  const { specs } = JSON.parse(bytes.toString('utf8', 8, offset)) as { specs: Spec[] };
  const [found, wanted] = [specs, Object.entries(weights).map(([name, { shape }]) => ({ name, shape }))].map(
    (list) => JSON.stringify(list.map(({ name, shape }) => [name, shape])),
  );
  if (found !== wanted)
    throw new ArtifactMismatch(`packed weights are ${found}, the config asks for ${wanted}`);
  const values: Values = {};
  for (const { name, shape } of specs) {
    const count = shape.reduce((product, dimension) => product * dimension, 1);
    values[name] = Float32Array.from({ length: count }, (_, i) => bytes.readFloatLE(offset + 4 * i));
    offset += 4 * count;
  }
  return values;
}

function toBytes(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeFloatLE(value, 4 * i));
  return bytes;
}
