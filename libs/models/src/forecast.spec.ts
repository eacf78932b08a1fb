/**
 * Forecasts against a process whose forecast is known: v_t = φ v_{t−1} + ε_t with ε ~ N(0, 1) has
 * v_{t+h} | v_t ~ N(φ^h v_t, (1 − φ^{2h})/(1 − φ²)).
 */
import { expect, it } from 'vitest';
import { type Grid, defaultConfig, openModel, selectBackend, trainModel } from './index';
import { seeded } from './noise';

const PHI = 0.8;

function process(seed: number, length: number): Grid {
  let v = 0;
  const values = Float64Array.from(seeded(seed).normals(length), (e) => (v = PHI * v + e));
  return { periodMs: 7 * 86_400_000, start: 0, values };
}

it.each(['vrnn', 'rnn'] as const)(
  'a %s rolls an autoregressive process out',
  { timeout: 60_000 },
  async (kind) => {
    await selectBackend('wasm');
    const config = {
      ...defaultConfig(kind, 7 * 86_400_000),
      window: 16,
      hidden: 12,
      stepsPerEpoch: 20,
    };
    const trained = await trainModel(kind, [process(1, 6000)], { ...config, epochs: 8 }, { seed: 1 });
    const model = openModel(trained);
    const [scalers, periodMs] = [trained.scalers[0]!, config.periodMs];
    const inputs = await Promise.all(
      [2, 3, 4, 5].map(async (seed) => {
        const { start, values } = process(seed, 60);
        const [scored] = await model.score([{ state: null, start, values, periodMs, scalers }]);
        return { state: scored!.state, last: values.at(-1)!, periodMs, scalers };
      }),
    );
    const levels = [0.05, 0.5, 0.95];
    const forecasts = await model.forecast!(inputs, { horizon: 10, levels, samples: 800, seed: 1 });
    model.dispose();
    inputs.forEach(({ last }, i) => {
      for (const h of [1, 3, 10]) {
        const mean = PHI ** h * last;
        const std = Math.sqrt((1 - PHI ** (2 * h)) / (1 - PHI ** 2));
        const [low, middle, high] = forecasts[i]!.map((level) => level[h - 1]!);
        expect(Math.abs(middle! - mean) / std).toBeLessThan(0.5);
        expect((high! - low!) / (2 * 1.645 * std)).toBeGreaterThan(0.75);
        expect((high! - low!) / (2 * 1.645 * std)).toBeLessThan(1.3);
      }
    });
  },
);

it('a seasonal naive forecasts a random walk with a deviation that grows with the root of the steps', async () => {
  await selectBackend('cpu');
  const periodMs = 7 * 86_400_000;
  let v = 0;
  const values = Float64Array.from(seeded(1).normals(4000), (e) => (v += e));
  const config = { ...defaultConfig('seasonal-naive', periodMs), season: 1 };
  const trained = await trainModel('seasonal-naive', [{ periodMs, start: 0, values }], config, { seed: 1 });
  const model = openModel(trained);
  const scalers = trained.scalers[0]!;
  const [scored] = await model.score([{ state: null, start: 0, values, periodMs, scalers }]);
  const options = { horizon: 9, levels: [0.5, 0.95], samples: 1, seed: 1 };
  const [[middle, high]] = (await model.forecast!(
    [{ state: scored!.state, periodMs, scalers }],
    options,
  )) as [[number[], number[]]];
  model.dispose();
  for (const h of [1, 4, 9]) {
    expect(middle[h - 1]).toBeCloseTo(v, 3);
    expect((high[h - 1]! - v) / (1.645 * Math.sqrt(h))).toBeCloseTo(1, 1);
  }
});
