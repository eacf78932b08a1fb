/** Several features at once, for all kinds that go step by step. */
import { expect, it } from 'vitest';
import { type Grid, defaultConfig, openModel, selectBackend, trainModel } from './index';
import { seeded } from './noise';

const PERIOD = 3_600_000;

/** A day's wave, and another that follows it by two steps and is negative now and then. */
function pair(length: number): Grid {
  const noise = seeded(3).normals(2 * length);
  const at = (t: number) => Math.sin((2 * Math.PI * t) / 24);
  const values = Float64Array.from(noise, (e, i) => {
    const t = i >> 1;
    return i % 2 === 0 ? 50 + 10 * at(t) + e : 5 * at(t - 2) + 0.5 * e;
  });
  return { periodMs: PERIOD, start: 480_000, values, features: 2 };
}

it.each(['vrnn', 'rnn', 'seasonal-naive'] as const)(
  'a %s scores and forecasts several features',
  { timeout: 60_000 },
  async (kind) => {
    await selectBackend('wasm');
    const grid = pair(600);
    const config = { ...defaultConfig(kind, PERIOD, 2), epochs: 1, stepsPerEpoch: 5 };
    const trained = await trainModel(kind, [grid], config, { seed: 1 });
    const model = openModel(trained);
    const values = grid.values.slice();
    values[2 * 500 + 1] = 30;
    values[2 * 520] = NaN;
    const { start, periodMs } = grid;
    const scalers = trained.scalers[0]!;
    const [scored] = await model.score([{ state: null, start, values, periodMs, scalers }]);
    const options = { horizon: 24, levels: [0.1, 0.5, 0.9], samples: 40, seed: 1 };
    const [forecast] = await model.forecast!([{ state: scored!.state, periodMs, scalers }], options);
    model.dispose();

    const { raw, contributions, state } = scored!;
    expect(raw.indexOf(Math.max(...raw.slice(60)))).toBe(500);
    expect(contributions[2 * 500 + 1]! / raw[500]!).toBeGreaterThan(0.8);
    expect(contributions[2 * 520]).toBeNaN();
    expect(raw[520]).toBeCloseTo(contributions[2 * 520 + 1]!, 4);
    expect(state.data.byteLength).toBeLessThanOrEqual(2 * 1024);
    const middle = forecast![1]!;
    expect(middle).toHaveLength(48);
    const truth = (t: number, f: number) => pair(624).values[2 * (600 + t) + f]!;
    for (const f of [0, 1]) {
      const errors = Array.from({ length: 24 }, (_, t) => Math.abs(middle[2 * t + f]! - truth(t, f)));
      expect(errors.reduce((sum, error) => sum + error / 24, 0)).toBeLessThan(f === 0 ? 2.5 : 1.25);
    }
  },
);
