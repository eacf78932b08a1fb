/**
 * Forecasts of a VRNN or RNN: many paths of residuals, z ~ prior, e ~ decoder, h = GRU([e, z], h), which the linear path unfolds
 * into values; of these the quantiles. Half of the noise of z and e is the other half negated (antithetic variates, Hammersley &
 * Morton 1956), so that the median of few paths is right.
 */
import * as tf from '@tensorflow/tfjs';
import { unfolded } from './autoregression';
import { calendarFrom, calendarWidth } from './calendar';
import type { ForecastInput, ForecastOptions } from './model';
import { seeded } from './noise';
import { quantile, toRaw } from './scaler';
import { blocks, breathe } from './score';
import { student } from './student';
import { type Memory, type Working, pathsOf, stacked } from './vrnn.memory';

/** [series · paths] rows computed at once. */
const MAX_ROWS = 4096;

type Remembering = ForecastInput & { memory: Memory };
type Options = ForecastOptions & Working;

export async function forecast(inputs: Remembering[], options: Options): Promise<number[][][]> {
  const size = Math.max(1, Math.floor(MAX_ROWS / options.samples));
  const all: number[][][] = [];
  for (const block of blocks(inputs, size)) {
    const calendars = block.map(({ state }) => calendarFrom(state.step, options.horizon, options.config));
    const residuals = await imagine(block, calendars, options);
    block.forEach((input, row) => {
      const from = row * options.samples;
      const own = residuals.map((step) =>
        step.subarray(from * options.config.features, (from + options.samples) * options.config.features),
      );
      all.push(quantilesOf(input, { residuals: own, calendar: calendars[row]! }, options));
    });
    await breathe();
  }
  return all;
}

/**
 * Residuals [step][series · path, feature]. Every series gets the same noise: what is forecast for one does not depend on the
 * others.
 */
async function imagine(
  inputs: Remembering[],
  calendars: Float32Array[],
  { network, config, horizon, samples, seed, freedom }: Options,
): Promise<Float32Array[]> {
  const random = seeded(seed);
  const width = calendarWidth(config.cycles);
  const draw = student(freedom);
  const residuals: Float32Array[] = [];
  const each = <T>(all: T[]): T[] => all.flatMap((one) => new Array<T>(samples).fill(one));
  let h: tf.Tensor = stacked(each(inputs.map(({ memory }) => memory.h)));
  try {
    for (let t = 0; t < horizon; t++) {
      const before = h;
      const z = antithetic(samples, Math.max(1, config.latent), (count) => random.normals(count));
      const e = antithetic(samples, config.features, (count) =>
        Float32Array.from({ length: count }, () => draw.quantile(random.uniform())),
      );
      const next = tf.tidy(() => {
        const rows = calendars.map((calendar) => calendar.subarray(t * width, (t + 1) * width));
        const noise = { z: stacked(inputs.flatMap(() => z)), e: stacked(inputs.flatMap(() => e)) };
        return network.imagine(before, stacked(each(rows)), noise);
      });
      h = next.h;
      residuals.push(Float32Array.from(next.e.dataSync()));
      tf.dispose([before, next.e]);
      if (t % 8 === 7) await breathe();
    }
  } finally {
    tf.dispose(h);
  }
  return residuals;
}

/** Rows of noise, the second half the first negated. */
function antithetic(rows: number, width: number, draw: (count: number) => Float32Array): Float32Array[] {
  const half = Array.from({ length: Math.ceil(rows / 2) }, () => draw(width));
  return Array.from({ length: rows }, (_, i) => half[i] ?? half[i - half.length]!.map((noise) => -noise));
}

/** [level][horizon · feature], raw. */
function quantilesOf(
  { memory, scalers }: Remembering,
  { residuals, calendar }: { residuals: Float32Array[]; calendar: Float32Array },
  options: Options,
): number[][] {
  const { horizon, samples, levels, config } = options;
  const { features } = config;
  const quantiles = levels.map(() => new Array<number>(horizon * features));
  pathsOf(scalers, options).forEach((path, f) => {
    const paths = Array.from({ length: samples }, (_, k) =>
      unfolded(path, {
        past: memory.past[f]!,
        calendar,
        residuals: Float32Array.from(residuals, (step) => step[k * features + f]!),
      }),
    );
    for (let t = 0; t < horizon; t++) {
      const sorted = Float32Array.from(paths, (values) => values[t]!).sort();
      levels.forEach((level, i) => {
        quantiles[i]![t * features + f] = toRaw(scalers[f]!, quantile(sorted, level));
      });
    }
  });
  return quantiles;
}
