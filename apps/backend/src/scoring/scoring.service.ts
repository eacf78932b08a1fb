import { Inject, Injectable } from '@nestjs/common';
import type { Detector } from '@bellwether/contracts';
import type { Scored } from '@bellwether/models';
import { toGrid } from '@bellwether/models/grid';
import { Database } from '../database/database';
import { publish } from '../database/live';
import { DetectorStore } from '../registry/detector.store';
import { Champions, type OpenChampion } from './champions';
import { ForecastService } from './forecast.service';
import { type Backlog, type Samples, type Score, ScoreStore } from './score.store';
import { type Piece, judge, planRound, threshold } from './scoring';

const SERIES_PER_ROUND = 500;

/** A stretch of one series whose scores are new: everything from `from` on. */
export interface ScoredStretch {
  seriesId: number;
  from: Date;
  detector: Detector;
}

/** Whoever has to act on scores before the samples count as scored; alerts, that is. */
export type ScoreListener = (stretches: ScoredStretch[]) => Promise<void>;

/** Injection token of the listener: alerts stand downstream, so scoring does not know them by name. */
export const SCORE_LISTENER = Symbol('ScoreListener');

@Injectable()
export class ScoringService {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(Champions) private readonly champions: Champions,
    @Inject(ScoreStore) private readonly store: ScoreStore,
    @Inject(ForecastService) private readonly forecasts: ForecastService,
    @Inject(SCORE_LISTENER) private readonly listener: ScoreListener,
  ) {}

  /** Scores a part of what waits; true when more of it may wait. */
  async round(): Promise<boolean> {
    await this.champions.refresh();
    const backlog = await this.store.claim(SERIES_PER_ROUND);
    if (backlog.length === 0) return false;
    const detectors = new Map((await this.detectors.all()).map((detector) => [detector.id, detector]));
    let isUnfinished = backlog.length === SERIES_PER_ROUND;
    for (const group of groups(backlog)) {
      const detector = detectors.get(group[0]!.detectorId)!;
      isUnfinished = (await this.scoreGroup(detector, group)) || isUnfinished;
    }
    return isUnfinished;
  }

  private async scoreGroup(detector: Detector, backlog: Backlog[]): Promise<boolean> {
    const { periodMs } = backlog[0]!;
    const champions = this.champions.of(detector.id, periodMs);
    const ids = backlog.map(({ seriesId }) => seriesId);
    const known = await this.champions.know(champions, ids, periodMs);
    const pieces = planRound(
      backlog
        .filter(({ seriesId }) => known.has(seriesId))
        .map(({ seriesId, from, newest }) => ({
          seriesId,
          from: Math.round(from / periodMs),
          newest: Math.round(newest / periodMs),
          stateStep: stateStep(champions, seriesId),
        })),
    );
    if (pieces.length > 0) await this.scorePieces({ detector, periodMs, champions }, pieces);
    const finished = backlog.map((series) => ({
      seriesId: series.seriesId,
      next: nextOf(series, pieces, known),
    }));
    await this.store.finish(finished);
    const done = finished.filter(({ next }) => next === null).map(({ seriesId }) => seriesId);
    await this.forecasts.refresh(detector, periodMs, champions, done);
    return finished.some(({ seriesId, next }) => next !== null && known.has(seriesId));
  }

  private async scorePieces(group: GroupContext, pieces: Piece[]): Promise<void> {
    const { periodMs, detector } = group;
    const samples = await this.store.samples(
      pieces.map(({ seriesId, start, to }) => ({
        seriesId,
        from: (start - 0.5) * periodMs,
        to: (to - 0.5) * periodMs,
      })),
    );
    const scored = new Map<OpenChampion, Scored[]>();
    for (const champion of group.champions)
      scored.set(champion, await this.runModel(champion, { periodMs, pieces, samples }));
    const scores = pieces.flatMap((piece, i) =>
      this.toScores(
        group,
        piece,
        samples[i]!,
        mapValues(scored, (all) => all[i]!),
      ),
    );
    await this.store.write(scores);

    const from = new Map<number, number>();
    for (const piece of pieces)
      from.set(piece.seriesId, Math.min(from.get(piece.seriesId) ?? Infinity, piece.from));
    await this.listener(
      [...from].map(([seriesId, step]) => ({ seriesId, detector, from: new Date((step - 0.5) * periodMs) })),
    );
    await publish(this.database, { type: 'scores', seriesIds: [...from.keys()] });
  }

  private async runModel(champion: OpenChampion, { periodMs, pieces, samples }: Batch): Promise<Scored[]> {
    const inputs = pieces.map((piece, i) => {
      const { values } = onSteps(samples[i]!, piece, periodMs);
      return {
        state: piece.usesState ? champion.states.get(piece.seriesId)! : null,
        start: piece.start,
        values,
        periodMs,
        scaler: this.champions.knowledge(champion, piece.seriesId).scaler,
      };
    });
    const scored = await champion.model.score(inputs);
    // Pieces of a series come in order: the last one's state stays.
    pieces.forEach(({ seriesId }, i) => champion.states.set(seriesId, scored[i]!.state));
    return scored;
  }

  private toScores(
    group: GroupContext,
    piece: Piece,
    samples: Samples,
    scored: Map<OpenChampion, Scored>,
  ): Score[] {
    const { champions, detector, periodMs } = group;
    const vrnn = champions.find(({ kind }) => kind === 'vrnn');
    const vae = champions.find(({ kind }) => kind === 'vae');
    const known = (champion: OpenChampion | undefined) =>
      champion && this.champions.knowledge(champion, piece.seriesId).calibration;
    const calibration = { vrnn: known(vrnn), vae: known(vae) };
    const limit = threshold(detector, periodMs);
    const band = vrnn ?? vae;
    return samples.times.flatMap((time) => {
      const step = Math.round(time / periodMs);
      if (step < piece.from) return [];
      const at = step - piece.start;
      const raw = { vrnn: vrnn && scored.get(vrnn)!.raw[at], vae: vae && scored.get(vae)!.raw[at] };
      const fused = judge(raw, calibration);
      if (!fused) return [];
      const expectation = band && scored.get(band)!;
      return {
        seriesId: piece.seriesId,
        time,
        score: fused.surprise,
        threshold: limit,
        expected: orNull(expectation?.expected[at]),
        lower: orNull(expectation?.lower[at]),
        upper: orNull(expectation?.upper[at]),
        vrnnShare: fused.vrnnShare,
        vrnnModelId: vrnn?.id ?? null,
        vaeModelId: vae?.id ?? null,
      };
    });
  }
}

interface GroupContext {
  detector: Detector;
  periodMs: number;
  champions: OpenChampion[];
}

interface Batch {
  periodMs: number;
  pieces: Piece[];
  samples: Samples[];
}

function groups(backlog: Backlog[]): Backlog[][] {
  const byGroup = new Map<string, Backlog[]>();
  for (const one of backlog) {
    const key = `${one.detectorId}/${one.periodMs}`;
    byGroup.set(key, [...(byGroup.get(key) ?? []), one]);
  }
  return [...byGroup.values()];
}

/** The step that every champion's state of the series expects next, if they agree. */
function stateStep(champions: OpenChampion[], seriesId: number): number | undefined {
  const steps = new Set(champions.map(({ states }) => states.get(seriesId)?.step));
  return steps.size === 1 ? [...steps][0] : undefined;
}

/** Where a series goes on after this round: nowhere when its newest sample was in it; a series no model knows yet waits as it is. */
function nextOf(
  { seriesId, from, newest, periodMs }: Backlog,
  pieces: Piece[],
  known: Set<number>,
): number | null {
  if (!known.has(seriesId)) return from;
  const ends = pieces.filter((piece) => piece.seriesId === seriesId).map(({ to }) => to);
  if (ends.length === 0) return from;
  const end = Math.max(...ends);
  return end > Math.round(newest / periodMs) ? null : (end - 0.5) * periodMs;
}

/** Samples of a piece on its steps; missing steps are NaN. */
function onSteps(
  { times, values }: Samples,
  { start, to }: Piece,
  periodMs: number,
): { values: Float64Array } {
  const row = new Float64Array(to - start).fill(NaN);
  const grid = toGrid(times, values, periodMs);
  grid.values.forEach((value, i) => {
    const at = grid.start + i - start;
    if (at >= 0 && at < row.length) row[at] = value;
  });
  return { values: row };
}

const orNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;

const mapValues = <Key, From, To>(map: Map<Key, From>, change: (value: From) => To): Map<Key, To> =>
  new Map([...map].map(([key, value]) => [key, change(value)]));
