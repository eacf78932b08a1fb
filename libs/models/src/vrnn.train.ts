/**
 * What has a closed form in the training of a VRNN or RNN: the scalers and the linear paths, fitted on what is not held out, so
 * that the network learns from residuals as it will meet them; and once it has learnt, the paths again, from everything.
 */
import { type Path, reachOf, walk } from './autoregression';
import { type Column, type Fitted, columnsOf, fitPaths } from './autoregression.fit';
import { calendarFrom } from './calendar';
import type { Grid } from './grid';
import { type Weights, constant } from './layers';
import type { ModelConfig } from './model';
import { type Scaler, allowsLogarithm, fitStepScalers } from './scaler';
import { trust } from './vrnn.network';
import { type ScaledSeries, lengthOf, longestWild, scaled, splitAt } from './windows';

/** Scaled values in which the linear path is fitted lie within this; beyond it they are faults. */
const CLIP = 12;

/** Logarithmic if all of the series allow it, since they share one network, and not where that is ruled out. */
export function scalersOf(
  series: Grid[],
  { isLinear }: { isLinear: boolean },
): { scalers: Scaler[][]; isLogarithmic: boolean } {
  const isLogarithmic = !isLinear && series.every(({ values, features = 1 }) => allow(values, features));
  const scalers = series.map(({ values, features = 1 }) =>
    fitStepScalers(values, features, { isLogarithmic }),
  );
  return { scalers, isLogarithmic };
}

function allow(values: Float32Array | Float64Array, features: number): boolean {
  return Array.from({ length: features }, (_, f) => values.filter((_, i) => i % features === f)).every(
    (own) => !own.some(Number.isFinite) || allowsLogarithm(own),
  );
}

export const scaledSteps = (grid: Grid, scalers: Scaler[]): ScaledSeries => scaled(grid, scalers, CLIP);

/** Residuals of all series after their first lags, of paths fitted on what is not held out. */
export function startSteps(all: ScaledSeries[], weights: Weights, config: ModelConfig): ScaledSeries[] {
  const columns = all.flatMap((series) => columnsOf(series, learntFrom(series, config)));
  const { paths } = fitPaths(columns, config);
  const rows = columns.reduce((sum, { values }) => sum + Math.max(0, values.length - reachOf(config)), 0);
  trust(weights, rows);
  return all.map((series, i) =>
    residualsOf(series, paths.slice(i * series.features, (i + 1) * series.features), config),
  );
}

/** Steps of a series before what is held out: a share of those behind its first lags. */
function learntFrom(series: ScaledSeries, config: ModelConfig): number {
  const skipped = skippedOf(series, config);
  return skipped + splitAt(lengthOf(series) - skipped);
}

/** The network learns from where all lags are heard; a short series has none such, and is taken as it is. */
const skippedOf = (series: ScaledSeries, config: ModelConfig): number =>
  Math.max(0, Math.min(reachOf(config), lengthOf(series) - config.window));

function residualsOf(series: ScaledSeries, paths: Path[], config: ModelConfig): ScaledSeries {
  const { features, start } = series;
  const skipped = skippedOf(series, config);
  const length = lengthOf(series) - skipped;
  const calendar = calendarFrom(start, lengthOf(series), config);
  const values = new Float32Array(length * features);
  columnsOf(series).forEach((column, f) => {
    const { residual } = walked(column, paths[f]!, { calendar, config });
    for (let t = 0; t < length; t++) values[t * features + f] = residual[skipped + t]!;
  });
  return { start: start + skipped, features, values, filled: values };
}

function walked(
  { values }: Column,
  path: Path,
  { calendar, config }: { calendar: Float32Array; config: ModelConfig },
) {
  const past = new Float32Array(reachOf(config)).fill(NaN);
  return walk(values, path, { past, calendar, wild: 0, longest: longestWild(config) });
}

/** Fits the paths on everything: what the series share becomes weights, what is their own joins their scalers. */
export function finishSteps(
  all: ScaledSeries[],
  scalers: Scaler[][],
  { weights, config }: { weights: Weights; config: ModelConfig },
): Scaler[][] {
  const fitted = fitPaths(
    all.flatMap((series) => columnsOf(series)),
    config,
  );
  keep(weights, fitted.pooled);
  return scalers.map((own, i) =>
    own.map((scaler, f) => {
      const { coefficients, std, range } = fitted.paths[i * config.features + f]!;
      const short = (value: number): number => Number(value.toPrecision(6));
      return {
        ...scaler,
        coefficients: Array.from(coefficients, short),
        std: short(std),
        range: [short(range[0]), short(range[1])] satisfies Path['range'],
      };
    }),
  );
}

function keep(weights: Weights, { coefficients, std }: Fitted['pooled']): void {
  constant(weights['path/coefficients']!, Float32Array.from(coefficients));
  constant(weights['path/std']!, Float32Array.of(std));
}
