/**
 * Scores of probabilistic forecasts, and the reference forecaster they are compared with.
 *
 *   MASE  mean |y − median| over a window / mean |x_t − x_t−m| over its past (Hyndman & Koehler, IJF 2006), m = the season
 *   wQL   mean over q = 0.1 … 0.9 of 2 Σ ρ_q(y − y_q) / Σ |y|, ρ_q(e) = max(q e, (q − 1) e) (Salinas et al., DeepAR, 2020);
 *         the sums run over all windows of what is summed up
 *   coverage  share of y within [y_0.1, y_0.9], 0.8 for a calibrated forecast
 *
 * The reference is the Gaussian seasonal naive: y_t+h ~ N(x of the last season at the same phase, σ² · (⌊(h − 1)/m⌋ + 1)) with
 * the standard deviation σ of x_t − x_t−m over the past (Hyndman & Athanasopoulos, "Forecasting", 5.5).
 *
 * The past is everything before a window's origin, the training part and what followed it. Samples missing in it are
 * interpolated; missing samples of a window do not count.
 */

export const QUANTILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** Φ⁻¹ of the quantiles. */
const NORMAL_QUANTILES = [
  -1.2815515655446004, -0.8416212335729143, -0.5244005127080407, -0.2533471031357997, 0, 0.2533471031357997,
  0.5244005127080407, 0.8416212335729143, 1.2815515655446004,
];
const MEDIAN = QUANTILES.indexOf(0.5);
const MAX_WINDOWS = 10;

/**
 * The origins of up to 10 test windows: the test part is cut into blocks of `horizon` samples, and evenly spaced ones are taken,
 * the first and the last among them.
 * @returns {number[]} rows at which a window begins
 */
export function testOrigins({ trainEnd, testEnd }, horizon) {
  const blocks = Math.floor((testEnd - trainEnd) / horizon);
  const count = Math.min(MAX_WINDOWS, blocks);
  const blockOf = (i) => (count > 1 ? Math.round((i * (blocks - 1)) / (count - 1)) : 0);
  return Array.from({ length: count }, (_, i) => trainEnd + horizon * blockOf(i));
}

/** Missing samples (NaN) by linear interpolation; those at the ends take the nearest value. */
export function interpolated(values) {
  const whole = Float64Array.from(values);
  let last = -1;
  for (let t = 0; t <= whole.length; t++) {
    if (t < whole.length && Number.isNaN(whole[t])) continue;
    const [before, after] = [whole[last] ?? whole[t], whole[t] ?? whole[last]];
    for (let gap = last + 1; gap < t; gap++)
      whole[gap] = before + ((after - before) * (gap - last)) / (t - last);
    last = t;
  }
  return whole;
}

/**
 * @param {ArrayLike<number>} past [time]
 * @returns {Float64Array} quantiles, [horizon * 9]
 */
export function seasonalNaive(past, horizon, season) {
  const whole = interpolated(past);
  const { deviation } = seasonalChange(whole, season);
  const quantiles = new Float64Array(horizon * QUANTILES.length);
  for (let step = 0; step < horizon; step++) {
    const centre = whole[whole.length - season + (step % season)];
    const spread = deviation * Math.sqrt(Math.floor(step / season) + 1);
    NORMAL_QUANTILES.forEach((z, q) => (quantiles[step * QUANTILES.length + q] = centre + spread * z));
  }
  return quantiles;
}

/** Of x_t − x_t−m: the mean absolute value, and the standard deviation. */
function seasonalChange(whole, season) {
  const count = whole.length - season;
  let [absolute, sum, squares] = [0, 0, 0];
  for (let t = season; t < whole.length; t++) {
    const change = whole[t] - whole[t - season];
    absolute += Math.abs(change);
    sum += change;
    squares += change * change;
  }
  const variance = squares / count - (sum / count) ** 2;
  return { absolute: absolute / count, deviation: Math.sqrt(Math.max(variance, 0)) };
}

/**
 * Scores one window.
 * @param {object} window
 * @param {ArrayLike<number>} window.past [time], all samples before the origin
 * @param {ArrayLike<number>} window.actual [horizon]
 * @param {ArrayLike<number>} window.quantiles [horizon * 9], the forecast
 * @param {number} window.season in samples
 * @returns {WindowScore} sums, so that windows can be added up; `mase` is NaN where the past repeats itself exactly
 *
 * @typedef {{mase: number, loss: number, scale: number, inside: number, count: number}} WindowScore
 */
export function scoreWindow({ past, actual, quantiles, season }) {
  const width = QUANTILES.length;
  const sums = { error: 0, loss: 0, scale: 0, inside: 0, count: 0 };
  for (let step = 0; step < actual.length; step++) {
    const y = actual[step];
    if (Number.isNaN(y)) continue;
    const quantile = (q) => quantiles[step * width + q];
    sums.error += Math.abs(y - quantile(MEDIAN));
    QUANTILES.forEach((q, i) => (sums.loss += (2 * pinball(y - quantile(i), q)) / width));
    sums.scale += Math.abs(y);
    sums.inside += y >= quantile(0) && y <= quantile(width - 1) ? 1 : 0;
    sums.count += 1;
  }
  const { error, ...rest } = sums;
  const usual = seasonalChange(interpolated(past), season).absolute;
  return { ...rest, mase: usual > 0 ? error / sums.count / usual : NaN };
}

const pinball = (error, q) => Math.max(q * error, (q - 1) * error);

/**
 * Sums up the windows of one series, or of all series of a data set: the measured baselines are given for each data set and
 * horizon, and the ratios published with them are geometric means over these rows.
 * @param {WindowScore[]} windows
 */
export function summarise(windows) {
  const total = (key) => windows.reduce((sum, window) => sum + window[key], 0);
  return {
    windows: windows.length,
    mase: total('mase') / windows.length,
    wql: total('loss') / total('scale'),
    coverage: total('inside') / total('count'),
  };
}

export const geometricMean = (ratios) =>
  Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
