/**
 * What a round of scoring does, as pure decisions over steps of the grid (step = round(time / period)).
 *
 * A series waits from some step on. If its state is at hand, the models go on from it; else the state is rebuilt by
 * playing the `WARM_UP` steps before once more. A long stretch (an import) is cut into pieces, each with its own
 * warm-up, so that all of them go through the models side by side in one batch.
 */
import { type Calibration, type Fused, fuse, tailProbability } from '@bellwether/models';

/** Steps played before a stretch to bring the models into the state they would be in. */
export const WARM_UP = 200;
/** Steps of a piece: a batch takes as long as its longest piece. */
export const PIECE = 800;
/** Steps of one round, about; it bounds memory and how long a live sample can wait behind an import. */
export const STEPS_PER_ROUND = 48 * (WARM_UP + PIECE);

/** The quantiles that are kept of a forecast, in order; each has a value for each step. */
export const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

const WEEK_MS = 7 * 86_400_000;

/** Steps [from, to) of one series, and from where its samples are needed. */
export interface Piece {
  seriesId: number;
  /** First step to play; `from` where the state is at hand, else earlier. */
  start: number;
  from: number;
  to: number;
  usesState: boolean;
}

export interface Waiting {
  seriesId: number;
  /** Earliest step to score, and the step of the newest sample. */
  from: number;
  newest: number;
  /** The step the state at hand expects next; undefined when there is none. */
  stateStep: number | undefined;
  /** Missing steps after which the models forget a state: beyond it playing the past again knows more. */
  longestGap: number;
}

/**
 * Cuts what waits into the pieces of this round, shortest series first, so that an import never delays what is live. What
 * is beyond the round's steps waits for the next one; the first series always has a piece, so every round gets on.
 */
export function planRound(waiting: Waiting[], steps = STEPS_PER_ROUND): Piece[] {
  const round: Piece[] = [];
  let left = steps;
  for (const one of waiting.toSorted((a, b) => lengthOf(a) - lengthOf(b))) {
    if (left <= 0) break;
    const pieces = cut(one, Math.max(1, Math.floor(left / (WARM_UP + PIECE))));
    left -= pieces.reduce((sum, { start, to }) => sum + to - start, 0);
    round.push(...pieces);
  }
  return round;
}

const lengthOf = ({ from, newest }: Waiting): number => newest - from + 1;

function cut({ seriesId, from, newest, stateStep, longestGap }: Waiting, pieces: number): Piece[] {
  const usesState = stateStep !== undefined && stateStep <= from && from - stateStep <= longestGap;
  const count = Math.min(pieces, Math.ceil((newest - from + 1) / PIECE));
  return Array.from({ length: count }, (_, i) => {
    const first = from + i * PIECE;
    const keepsState = i === 0 && usesState;
    return {
      seriesId,
      from: first,
      to: Math.min(first + PIECE, newest + 1),
      start: keepsState ? first : first - WARM_UP,
      usesState: keepsState,
    };
  });
}

/** Where a series goes on after its pieces of this round, as a step; null: nowhere, its newest sample was in them. */
export function nextStep(newest: number, pieces: Piece[]): number | null {
  const end = Math.max(...pieces.map(({ to }) => to));
  return end > newest ? null : end;
}

/**
 * Score above which a sample is an anomaly, from the alert budget (false alarms per series and week) and the rule that
 * `fireAfter` anomalies in a row make an alert.
 *
 * Were neighbouring scores independent, runs of k would be as rare as p^k; were they equal, as rare as p. The truth lies
 * between: p^(1 + INDEPENDENCE·(k − 1)).
 */
export function threshold(
  { alertBudget, fireAfter }: { alertBudget: number; fireAfter: number },
  periodMs: number,
): number {
  const samples = WEEK_MS / periodMs;
  const exponent = 1 + INDEPENDENCE * (fireAfter - 1);
  return Math.min(MAX_THRESHOLD, Math.max(MIN_THRESHOLD, Math.log10(samples / alertBudget) / exponent));
}
/** Chosen on series of NAB, KPI and WSD; what it does on those stands in docs/quality.md. */
const INDEPENDENCE = 0.15;
const MIN_THRESHOLD = 1;
const MAX_THRESHOLD = 6;

/** Raw scores (nats) of one step to a calibrated surprise; undefined when no model could say anything. */
export function judge(
  raw: { vrnn: number | undefined; vae: number | undefined },
  calibration: { vrnn: Calibration | undefined; vae: Calibration | undefined },
): Fused | undefined {
  const vrnn = probability(raw.vrnn, calibration.vrnn);
  const vae = probability(raw.vae, calibration.vae);
  return vrnn === null && vae === null ? undefined : fuse(vrnn, vae);
}

const probability = (raw: number | undefined, calibration: Calibration | undefined): number | null =>
  raw === undefined || Number.isNaN(raw) || !calibration ? null : tailProbability(calibration, raw);
