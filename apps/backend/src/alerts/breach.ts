/** Breaches: what a forecast says of a limit, and how often that came true. Pure. */
import { LEVELS } from '../scoring/scoring';

export type Side = 'above' | 'below';

export interface Limits {
  upper: number | null;
  lower: number | null;
}

export interface Outlook {
  /** Time of its first step, epoch ms. */
  startsMs: number;
  periodMs: number;
  /** By level, then by step. */
  quantiles: readonly (readonly number[])[];
}

/** What is said: that a limit will be crossed at a time, or that it is. */
export type Breach =
  | {
      phase: 'coming';
      side: Side;
      limit: number;
      atMs: number;
      step: number;
      probability: number;
      value: number;
    }
  | { phase: 'beyond'; side: Side; limit: number; value: number };

export const isBeyond = (value: number, { side, limit }: { side: Side; limit: number }): boolean =>
  side === 'above' ? value > limit : value < limit;

/**
 * P(value at a step is beyond the limit), between the kept quantiles by line; beyond the outermost it is said to be theirs, since no
 * more is known of the tails.
 */
export function probabilityBeyond(
  { quantiles }: Pick<Outlook, 'quantiles'>,
  step: number,
  { side, limit }: { side: Side; limit: number },
): number {
  const at = quantiles.map((values) => values[step]!);
  const above = at.findIndex((value) => value >= limit);
  const below = above === 0 ? LEVELS[0] : above < 0 ? LEVELS.at(-1)! : between(at, above, limit);
  return side === 'above' ? 1 - below : below;
}

/** The share below a limit that lies between two quantiles. */
function between(at: readonly number[], above: number, limit: number): number {
  const [low, high] = [at[above - 1]!, at[above]!];
  const share = high > low ? (limit - low) / (high - low) : 1;
  return LEVELS[above - 1]! + share * (LEVELS[above]! - LEVELS[above - 1]!);
}

const sidesOf = ({ upper, lower }: Limits): { side: Side; limit: number }[] => [
  ...(upper === null ? [] : [{ side: 'above' as const, limit: upper }]),
  ...(lower === null ? [] : [{ side: 'below' as const, limit: lower }]),
];

/** The first step at which a limit is crossed with this probability, after `afterMs`. */
export function comingBreach(
  outlook: Outlook,
  limits: Limits,
  { probability, afterMs }: { probability: number; afterMs: number },
): Extract<Breach, { phase: 'coming' }> | null {
  const steps = outlook.quantiles[0]?.length ?? 0;
  for (let step = 0; step < steps; step++) {
    const atMs = outlook.startsMs + step * outlook.periodMs;
    if (atMs <= afterMs) continue;
    for (const one of sidesOf(limits)) {
      const said = probabilityBeyond(outlook, step, one);
      const value = outlook.quantiles[LEVELS.indexOf(0.5)]![step]!;
      if (said >= probability - 1e-9)
        return { phase: 'coming', ...one, atMs, step, probability: said, value };
    }
  }
  return null;
}

/** What is to be said of a series now: its newest sample first, then its newest forecast. */
export function breachOf(
  newest: { timeMs: number; value: number },
  outlook: Outlook | null,
  { limits, probability }: { limits: Limits; probability: number },
): Breach | null {
  const crossed = sidesOf(limits).find((one) => isBeyond(newest.value, one));
  if (crossed) return { phase: 'beyond', ...crossed, value: newest.value };
  if (!outlook) return null;
  return comingBreach(outlook, limits, { probability, afterMs: newest.timeMs });
}

/** A statement of the past, to be held against the samples of [fromMs, untilMs). */
export interface Claim {
  fromMs: number;
  untilMs: number;
  side: Side;
  limit: number;
}

/**
 * The statements that forecasts of the past made, oldest first; those that overlap are one. One whose first step was beyond said
 * nothing about the future, and one whose time has not come is not known.
 */
export function claimsOf(
  outlooks: readonly Outlook[],
  { limits, probability, nowMs }: { limits: Limits; probability: number; nowMs: number },
): Claim[] {
  const claims: Claim[] = [];
  for (const outlook of outlooks) {
    if (outlook.startsMs < (claims.at(-1)?.untilMs ?? -Infinity)) continue;
    const said = comingBreach(outlook, limits, { probability, afterMs: -Infinity });
    if (!said || said.step === 0) continue;
    const untilMs = said.atMs + outlook.periodMs;
    if (untilMs <= nowMs)
      claims.push({ fromMs: outlook.startsMs, untilMs, side: said.side, limit: said.limit });
  }
  return claims;
}
