/** What people use without Bellwether, and how a run of alerts is judged against labelled windows. Pure. */

const HOUR_MS = 3_600_000;

/** Mean and standard deviation of the finite numbers among `values`; a constant deviates by the smallest number. */
export function spread(values) {
  const known = values.filter(Number.isFinite);
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length;
  return { mean, deviation: Math.max(Math.sqrt(variance), Number.EPSILON) };
}

/** Static 3-sigma: how many standard deviations of the past a value lies from the past's mean. `past`: rows of {time, value}. */
export function sigmaRule(past) {
  const { mean, deviation } = spread(past.map(({ value }) => value));
  return ({ value }) => Math.abs(value - mean) / deviation;
}

/** Seasonal z-score: the same among the values of the same hour of the day; where the past has fewer than 2 of it, among all. */
export function seasonalRule(past) {
  const hourOf = (time) => Math.floor(time / HOUR_MS) % 24;
  const hours = Array.from({ length: 24 }, () => []);
  for (const row of past) hours[hourOf(row.time)].push(row);
  const rules = hours.map((rows) => sigmaRule(rows.length >= 2 ? rows : past));
  return (row) => rules[hourOf(row.time)](row);
}

/** The labelled stretches of rows {time, label}, as their first and last time. */
export function windowsOf(rows) {
  const windows = [];
  rows.forEach(({ label, time }, i) => {
    if (label && !rows[i - 1]?.label) windows.push({ from: +time, to: +time });
    if (label) windows.at(-1).to = +time;
  });
  return windows;
}

/**
 * Alerts {startsAt, firedAt, endsAt | null} against windows {from, to}, all in ms: how many windows were found, how many alerts
 * overlap one, and how long after its window's begin the first alert of each found window fired (0: it was firing already).
 */
export function judgeAlerts(alerts, windows) {
  const touches = ({ startsAt, endsAt }, { from, to }) => startsAt <= to && (endsAt ?? Infinity) > from;
  const firsts = windows
    .map((window) => ({ window, first: alerts.find((alert) => touches(alert, window)) }))
    .filter(({ first }) => first);
  const inside = alerts.filter((alert) => windows.some((window) => touches(alert, window))).length;
  return {
    windows: windows.length,
    found: firsts.length,
    inside,
    outside: alerts.length - inside,
    delays: firsts.map(({ window, first }) => Math.max(0, first.firedAt - window.from)),
  };
}

/** Precision of the alerts, recall of the windows, and their harmonic mean; NaN where there is nothing to divide by. */
export function quality({ inside, outside, found, windows }) {
  const [precision, recall] = [inside / (inside + outside), found / windows];
  return { precision, recall, f1: (2 * precision * recall) / (precision + recall) };
}

/** NaN of nothing. */
export function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
