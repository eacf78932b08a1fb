/** Series for what is measured in seconds: a day, a week, an own phase and noise each, the same from run to run. */
import { randomScores } from '../quality/baselines.mjs';

export const PERIOD_MS = 300_000;
const DAY = 86_400_000 / PERIOD_MS;

/** @returns {object[]} grids */
export function syntheticSeries(count, steps) {
  return Array.from({ length: count }, (_, series) => {
    const noise = randomScores(steps, series + 1);
    const values = Float64Array.from(noise, (uniform, t) => {
      const day = Math.sin((2 * Math.PI * (t + 13 * series)) / DAY);
      const week = Math.cos((2 * Math.PI * t) / (7 * DAY));
      return 100 + series + 20 * day + 5 * week + 10 * (uniform - 0.5);
    });
    return { periodMs: PERIOD_MS, start: 0, values, features: 1 };
  });
}

export const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** A table for a terminal, the first column to the left. */
export function printTable(head, rows) {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => String(row[i]).length)));
  const line = (cells) =>
    cells
      .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i])))
      .join('  ');
  console.log([head, ...rows].map(line).join('\n'));
}
