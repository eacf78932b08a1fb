import { expect, it } from 'vitest';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from './backend';

it('says what it picked and why nothing better', async () => {
  const b = await selectBackend();
  console.log(b, tf.getBackend());
  expect(tf.tensor1d([1, 2]).sum().dataSync()[0]).toBe(3);
});
