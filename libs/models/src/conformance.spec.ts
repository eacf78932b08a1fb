/** One suite for all kinds on every compute backend there is. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BackendName,
  BackendUnavailable,
  type Grid,
  type Model,
  type ModelConfig,
  type ModelKind,
  type Scaler,
  type ScoreInput,
  type Scored,
  type TrainedModel,
  TrainingDiverged,
  ArtifactMismatch,
  defaultConfig,
  openModel,
  selectBackend,
  trainModel,
} from './index';
import { seeded } from './noise';

const MINUTE = 60_000;
const KINDS: ModelKind[] = ['vae', 'autoencoder', 'pca', 'vrnn', 'rnn', 'seasonal-naive'];
const STEP_KINDS: ModelKind[] = ['vrnn', 'rnn', 'seasonal-naive'];
/** Trained in closed form. */
const CLOSED: ModelKind[] = ['pca', 'seasonal-naive'];
const BACKENDS: BackendName[] = ['gpu', 'node', 'wasm', 'cpu'];

/** A wave of 48 steps with autocorrelated noise, at a level and size of its own. */
function wave(seed: number, length = 384): Grid {
  const noise = seeded(seed).normals(length);
  let drift = 0;
  const values = Float64Array.from(noise, (e, i) => {
    drift = 0.6 * drift + 0.1 * e;
    return 100 * seed + 10 * seed * (Math.sin((2 * Math.PI * i) / 48) + drift);
  });
  return { periodMs: MINUTE, start: 29_000_000, values };
}

const small = (kind: ModelKind): ModelConfig => ({
  ...defaultConfig(kind, MINUTE),
  window: 16,
  hidden: STEP_KINDS.includes(kind) ? 8 : 24,
  latent: 2,
  batch: 16,
  epochs: 5,
  stepsPerEpoch: STEP_KINDS.includes(kind) ? 20 : 60,
  learningRate: 4e-3,
});

const series = [wave(1), wave(2), wave(3)];

const PACKAGES: Record<BackendName, string> = {
  gpu: '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
  wasm: '@tensorflow/tfjs-backend-wasm',
  cpu: '@tensorflow/tfjs',
};

/** Native packages are optional: where their library could not be had, requiring them throws whatever it likes. */
function isHere(backend: BackendName): boolean {
  try {
    createRequire(__filename)(PACKAGES[backend]);
    return true;
  } catch {
    return false;
  }
}

for (const backend of BACKENDS) {
  if (!isHere(backend)) {
    it(`${backend} is not on this machine, and asking for it says so`, async () => {
      await expect(selectBackend(backend)).rejects.toThrow(BackendUnavailable);
    });
    continue;
  }
  for (const kind of KINDS) {
    describe(`${kind} on ${backend}`, () => conforms(backend, kind));
  }
}

function conforms(backend: BackendName, kind: ModelKind): void {
  let tensors = 0;
  let trained: TrainedModel;
  let model: Model;

  beforeAll(async () => {
    await selectBackend(backend);
    tensors = tf.memory().numTensors;
    trained = await trainModel(kind, series, small(kind), { seed: 7 });
    model = openModel(trained);
  }, 60_000);
  afterAll(() => {
    model.dispose();
    expect(tf.memory().numTensors, 'no tensor is left').toBe(tensors);
  });

  const inputOf = (which: number, values = series[which]!.values, from = 0): ScoreInput => ({
    state: null,
    start: series[which]!.start + from,
    values,
    periodMs: MINUTE,
    scalers: trained.scalers[which]!,
  });
  const score = async (input: ScoreInput): Promise<Scored> => (await model.score([input]))[0]!;
  const changed = (change: (values: Float64Array) => void): Float64Array => {
    const values = Float64Array.from(series[0]!.values);
    change(values);
    return values;
  };

  it('learns: the loss falls, on held-out samples too', () => {
    const [first, last] = [trained.losses[0]!, trained.losses.at(-1)!];
    if (CLOSED.includes(kind)) return expect(trained.losses).toHaveLength(1);
    // What starts from a closed form has little to learn, and a wave in linear noise nothing that an RNN adds.
    if (kind !== 'rnn') expect(last.loss).toBeLessThan(first.loss - 0.02);
    expect(trained.heldOutLoss).toBeLessThan(first.heldOutLoss + (kind === 'rnn' ? 1e-9 : 0));
  });

  it('is made again by its seed, bit for bit, and by no other', async () => {
    const short = { ...small(kind), epochs: 1, stepsPerEpoch: 3 };
    const [a, b, c] = [
      await trainModel(kind, series, short, { seed: 7 }),
      await trainModel(kind, series, short, { seed: 7 }),
      await trainModel(kind, series, short, { seed: 8 }),
    ];
    expect(Buffer.compare(a.weights, b.weights)).toBe(0);
    expect(a.losses).toEqual(b.losses);
    if (kind !== 'seasonal-naive') expect(Buffer.compare(a.weights, c.weights)).not.toBe(0);
  });

  it('scores the same after a trip through JSON and bytes', async () => {
    const config = JSON.parse(JSON.stringify(trained.config)) as ModelConfig;
    const again = openModel({ kind, config, weights: Uint8Array.from(trained.weights) });
    const [before, after] = [await score(inputOf(1)), (await again.score([inputOf(1)]))[0]!];
    again.dispose();
    expect(after.raw).toEqual(before.raw);
    expect(after.state).toEqual(before.state);
  });

  it('scores sample by sample as in one call', async () => {
    const values = series[0]!.values.slice(0, 90);
    values[60] = NaN;
    const whole = await score(inputOf(0, values));
    let state: Scored['state'] | null = null;
    for (let i = 0; i < values.length; i++) {
      const one = await score({ ...inputOf(0, values.slice(i, i + 1), i), state });
      state = one.state;
      expectClose(one.raw[0]!, whole.raw[i]!);
      expectClose(one.expected[0]!, whole.expected[i]!);
    }
    expect(state!.step).toBe(whole.state.step);
    state!.data.forEach((value, i) => expectClose(value, whole.state.data[i]!));
    expect(state!.data.byteLength).toBeLessThanOrEqual(1024);
  });

  it('scores series of different length together as one by one', async () => {
    const inputs = [inputOf(0), inputOf(1, series[1]!.values.slice(0, 70)), inputOf(2, new Float64Array(0))];
    const together = await model.score(inputs);
    for (const [i, input] of inputs.entries()) {
      const alone = await score(input);
      alone.raw.forEach((raw, t) => expectClose(together[i]!.raw[t]!, raw));
      alone.upper.forEach((upper, t) => expectClose(together[i]!.upper[t]!, upper));
      expect(together[i]!.state.step).toBe(input.start + input.values.length);
    }
  });

  it('is most surprised by a planted spike', async () => {
    const { raw } = await score(
      inputOf(
        0,
        changed((values) => (values[300]! += 40)),
      ),
    );
    for (let t = 290; t < 311; t++) if (t !== 300) expect(raw[300]!).toBeGreaterThan(raw[t]!);
  });

  it('is most surprised by a planted level shift as it begins', async () => {
    const shifted = changed((values) => values.forEach((_, i) => i >= 300 && (values[i]! += 25)));
    const { raw } = await score(inputOf(0, shifted));
    const before = raw.slice(100, 300);
    expect(raw[300]!).toBeGreaterThan(Math.max(...before));
  });

  it('is the more surprised the farther off a sample is, and forgets it soon', async () => {
    const plain = await score(inputOf(0));
    let last = -Infinity;
    for (const size of [30, 3e4, 3e300]) {
      const { raw } = await score(
        inputOf(
          0,
          changed((values) => (values[300]! += size)),
        ),
      );
      expect(raw[300]!).toBeGreaterThan(last);
      last = raw[300]!;
      const later = raw.slice(348).filter((value, i) => value > plain.raw[348 + i]! + 3);
      expect(later.length).toBeLessThan(7);
    }
  });

  it('is as calm after an outlier as if that sample had been missing', async () => {
    const spiked = await score(
      inputOf(
        0,
        changed((values) => (values[300]! += 1e3)),
      ),
    );
    const gapped = await score(
      inputOf(
        0,
        changed((values) => (values[300] = NaN)),
      ),
    );
    expect(spiked.raw[300]!).toBeGreaterThan(20);
    expect([...spiked.raw.subarray(301)]).toEqual([...gapped.raw.subarray(301)]);
  });

  it('takes in that a series has gone far away for good', async () => {
    const away = await score(
      inputOf(
        0,
        changed((values) => values.forEach((_, i) => i >= 250 && (values[i]! += 1e3))),
      ),
    );
    const expected = [...away.expected.subarray(250)];
    expect(Math.max(...expected.slice(-60))).toBeGreaterThan(Math.max(...expected.slice(0, 3)));
  });

  it('loses nothing but the missing sample itself', async () => {
    const [plain, gappy] = [
      await score(inputOf(0)),
      await score(
        inputOf(
          0,
          changed((values) => values.fill(NaN, 200, 204)),
        ),
      ),
    ];
    gappy.raw.forEach((raw, t) => {
      const missing = t >= 200 && t < 204;
      expect(Number.isNaN(raw), `sample ${t}`).toBe(missing || Number.isNaN(plain.raw[t]!));
    });
    expect(gappy.raw.slice(0, 200)).toEqual(plain.raw.slice(0, 200));
  });

  it('takes a gap between state and values as missing samples', async () => {
    const { values } = series[0]!;
    const withNaN = await score(
      inputOf(
        0,
        changed((all) => all.fill(NaN, 100, 105)),
      ),
    );
    const { state } = await score(inputOf(0, values.slice(0, 100)));
    const after = await score({ ...inputOf(0, values.slice(105), 105), state });
    after.raw.forEach((raw, i) => expectClose(raw, withNaN.raw[105 + i]!));
    await expect(model.score([{ ...inputOf(0), state }])).rejects.toThrow(RangeError);
  });

  it('starts cold after a gap it cannot bridge', async () => {
    const { state } = await score(inputOf(0));
    const far = await score({ ...inputOf(0, series[0]!.values, 1_000_000), state });
    expect(far.raw[0]).toBeNaN();
    expect(far.raw.slice(30).some(Number.isNaN)).toBe(false);
  });

  it.each([
    ['constant', () => 5],
    ['huge', (i: number) => (i % 2 === 0 ? 1e300 : -1e300)],
    ['infinite now and then', (i: number) => (i % 7 === 0 ? Infinity : 100 + i)],
  ])('always says something of %s samples', async (_, valueAt) => {
    const values = Float64Array.from({ length: 120 }, (_, i) => valueAt(i));
    const { raw, lower, expected, upper } = await score(inputOf(0, values));
    for (let t = 40; t < 120; t++) {
      expect(Number.isNaN(raw[t]!)).toBe(!Number.isFinite(values[t]!));
      expect(lower[t]!).toBeLessThanOrEqual(expected[t]!);
      expect(expected[t]!).toBeLessThanOrEqual(upper[t]!);
      expect(Number.isFinite(lower[t]!) && Number.isFinite(upper[t]!)).toBe(true);
    }
  });

  it('expects about nine samples of ten within its band', async () => {
    const fresh = wave(1, 768).values;
    const { lower, upper } = await score(inputOf(0, fresh));
    const inside =
      fresh.filter((value, t) => t >= 400 && value >= lower[t]! && value <= upper[t]!).length / 368;
    expect(inside).toBeGreaterThan(0.7);
    expect(inside).toBeLessThan(0.995);
  });

  it('explains what it was trained on better than something else', async () => {
    const noise = series.map((grid, i) => ({
      ...grid,
      values: grid.values.map((v, t) => v + 9 * i * (t % 3)),
    }));
    const [own, other] = [
      await model.evaluate(series, trained.scalers),
      await model.evaluate(noise, trained.scalers),
    ];
    expect(own).toBeLessThan(other);
  });

  it('measures −ELBO in raw units, whatever the scaler', async () => {
    const tenfold = series.map((grid) => ({ ...grid, values: grid.values.map((value) => 10 * value) }));
    const scalers = trained.scalers.map(([one]) => [tenfoldOf(one!)]);
    const [one, ten] = [
      await model.evaluate(series, trained.scalers),
      await model.evaluate(tenfold, scalers),
    ];
    expect(ten - one).toBeCloseTo(Math.log(10), 3);
  });

  it('scales a series that it was not trained on as it scales its own', async () => {
    const scalers = model.fitScalers(series[1]!.values);
    const [own, stranger] = [trained.scalers[1]![0]!, scalers[0]!];
    expect({ ...stranger, coefficients: 0, std: 0, range: 0 }).toEqual({
      ...own,
      coefficients: 0,
      std: 0,
      range: 0,
    });
    const { raw } = await score({ ...inputOf(1), scalers });
    expect(raw.slice(100).every(Number.isFinite)).toBe(true);
  });

  it('refuses weights of another shape', () => {
    const { latent, hidden, features } = trained.config;
    const config = { ...trained.config, latent: latent + 1, hidden: hidden + 1, features: features + 1 };
    expect(() => openModel({ kind, config, weights: trained.weights })).toThrow(ArtifactMismatch);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const training = trainModel(kind, series, small(kind), {
      seed: 1,
      onProgress: () => controller.abort(new Error('enough')),
      signal: controller.signal,
    });
    await expect(training).rejects.toThrow('enough');
  });

  it('says so when the loss is no number', async () => {
    const config = { ...small(kind), learningRate: Infinity };
    if (!CLOSED.includes(kind)) {
      await expect(trainModel(kind, series, config, { seed: 1 })).rejects.toThrow(TrainingDiverged);
    }
    const nothing = [{ ...series[0]!, values: new Float64Array(300).fill(NaN) }];
    await expect(trainModel(kind, nothing, config, { seed: 1 })).rejects.toThrow(TrainingDiverged);
  });

  it.each([
    ['constant', () => 5],
    ['two-valued', (i: number) => (i % 50 === 0 ? 1 : 0)],
    ['huge and heavy-tailed', (i: number) => 1e12 * Math.tan(i)],
  ])('trains on %s samples to a finite loss', async (_, valueAt) => {
    const grid = {
      periodMs: MINUTE,
      start: 0,
      values: Float64Array.from({ length: 200 }, (_, i) => valueAt(i)),
    };
    const short = { ...small(kind), epochs: 1, stepsPerEpoch: 4 };
    const { heldOutLoss } = await trainModel(kind, [grid], short, { seed: 1 });
    expect(Number.isFinite(heldOutLoss)).toBe(true);
  });

  if (!STEP_KINDS.includes(kind)) {
    it('does not forecast', () => expect(model.forecast).toBeUndefined());
    return;
  }
  it('forecasts quantiles that do not cross, the same alone and together', async () => {
    const states = await model.score([inputOf(0), inputOf(1)]);
    const inputs = states.map(({ state }, i) => ({ state, periodMs: MINUTE, scalers: trained.scalers[i]! }));
    const options = { horizon: 12, levels: [0.05, 0.5, 0.95], samples: 64, seed: 3 };
    const together = await model.forecast!(inputs, options);
    const alone = await model.forecast!([inputs[1]!], options);
    for (let t = 0; t < options.horizon; t++) {
      const [low, middle, high] = together[1]!.map((level) => level[t]!);
      expect(low!).toBeLessThanOrEqual(middle!);
      expect(middle!).toBeLessThanOrEqual(high!);
      expectClose(alone[0]![1]![t]!, middle!);
    }
  });
}

/** The scaler of the same series, ten times as large. */
function tenfoldOf(scaler: Scaler): Scaler {
  const { median, scale, offset } = scaler;
  if (offset === undefined) return { ...scaler, median: 10 * median, scale: 10 * scale };
  return { ...scaler, median: median + Math.log(10), offset: 10 * offset };
}

/** Float32 sums of different order: near enough, and missing in the same places. */
function expectClose(actual: number, expected: number): void {
  if (Number.isNaN(expected)) expect(actual).toBeNaN();
  else expect(Math.abs(actual - expected)).toBeLessThan(2e-3 * Math.max(1, Math.abs(expected)));
}
