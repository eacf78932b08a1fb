import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { BackendUnavailable, selectBackend } from './backend';

it('picks the best there is and says why nothing better', async () => {
  const { name, why } = await selectBackend();
  if (name === 'wasm') expect(why).toMatch(/WebAssembly.*no gpu: .+; no node: .+/);
  expect(tf.tensor1d([1, 2]).sum().dataSync()[0]).toBe(3);
});

it('takes the one asked for, again and again', async () => {
  for (const name of ['cpu', 'wasm', 'wasm', 'cpu'] as const) {
    expect((await selectBackend(name)).name).toBe(name);
    expect(tf.getBackend()).toBe(name);
  }
});

it('says what is missing when the one asked for cannot be had', async () => {
  await expect(selectBackend('quantum' as 'cpu')).rejects.toThrow(BackendUnavailable);
  await expect(selectBackend('quantum' as 'cpu')).rejects.toThrow(/one of gpu, node, wasm, cpu/);
});
