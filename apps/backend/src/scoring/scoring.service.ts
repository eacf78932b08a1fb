import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Detector } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { Database, DatabaseAway } from '../database/database';
import { publish } from '../database/live';
import { DetectorStore } from '../registry/detector.store';
import { Champions, groupKey, type OpenChampion } from './champions';
import { ForecastService } from './forecast.service';
import { type OpenGroup, PieceService } from './piece.service';
import { restingSeries } from './resting';
import { type Backlog, ScoreStore } from './score.store';
import { type Piece, nextStep, planRound } from './scoring';

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
  private readonly logger = new Logger('scoring');
  private readonly resting = restingSeries();

  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(Champions) private readonly champions: Champions,
    @Inject(ScoreStore) private readonly store: ScoreStore,
    @Inject(PieceService) private readonly pieces: PieceService,
    @Inject(ForecastService) private readonly forecasts: ForecastService,
    @Inject(SCORE_LISTENER) private readonly listener: ScoreListener,
  ) {}

  /** Scores a part of what waits and refreshes some forecasts; true when more may be scored at once. */
  async round(): Promise<boolean> {
    await this.champions.refresh();
    const backlog = await this.store.claim({
      modelIds: this.champions.ids(),
      resting: this.resting.ids(this.now()),
      limit: SERIES_PER_ROUND,
    });
    const detectors = backlog.length > 0 ? await this.detectors.all() : [];
    // What is both short and old was taken only once.
    let isUnfinished = backlog.length > 0.8 * SERIES_PER_ROUND;
    for (const group of groups(backlog)) {
      const detector = detectors.find(({ id }) => id === group[0]!.detectorId);
      if (detector) isUnfinished = (await this.scoreOrRest(detector, group)) || isUnfinished;
    }
    await this.forecasts.refresh();
    return isUnfinished;
  }

  /** When a group cannot be scored, its series are one by one, and those that cannot be alone rest a while. */
  private async scoreOrRest(detector: Detector, backlog: Backlog[]): Promise<boolean> {
    try {
      return await this.scoreGroup(detector, backlog);
    } catch (error) {
      if (error instanceof DatabaseAway) throw error;
      if (backlog.length === 1) {
        const { seriesId } = backlog[0]!;
        if (this.resting.failed(seriesId, this.now()))
          this.logger.error({ err: error, seriesId }, 'a series could not be scored; it is tried again');
        return false;
      }
    }
    let isUnfinished = false;
    for (const one of backlog) isUnfinished = (await this.scoreOrRest(detector, [one])) || isUnfinished;
    return isUnfinished;
  }

  /** True when there is more of these series to score. */
  private async scoreGroup(detector: Detector, backlog: Backlog[]): Promise<boolean> {
    const { periodMs } = backlog[0]!;
    const champions = this.champions.of(detector.id, periodMs);
    const ids = backlog.map(({ seriesId }) => seriesId);
    // A series no model knows yet, or that is beyond this round, waits as it is.
    const known = await this.champions.know(champions, ids, periodMs);
    const pieces = plan(
      backlog.filter(({ seriesId }) => known.has(seriesId)),
      champions,
    );
    if (pieces.length === 0) return false;
    await this.scorePieces({ detector, periodMs, champions }, pieces);

    const planned = new Set(pieces.map(({ seriesId }) => seriesId));
    const ends: { seriesId: number; next: number | null }[] = [];
    for (const series of backlog.filter(({ seriesId }) => planned.has(seriesId)))
      ends.push({ seriesId: series.seriesId, next: await this.nextOf(series, pieces) });
    await this.store.finish(ends);
    this.resting.succeeded([...planned]);
    const done = ends.filter(({ next }) => next === null).map(({ seriesId }) => seriesId);
    this.forecasts.ask({ detector, periodMs }, done);
    return done.length < known.size;
  }

  private async scorePieces(group: OpenGroup, pieces: Piece[]): Promise<void> {
    const first = await this.pieces.score(group, pieces);
    if (first.size === 0) return;
    await this.listener(
      [...first].map(([seriesId, step]) => ({
        seriesId,
        detector: group.detector,
        from: new Date((step - 0.5) * group.periodMs),
      })),
    );
    await publish(this.database, { type: 'scores', seriesIds: [...first.keys()] });
  }

  /** Where a series goes on, in epoch milliseconds: at its next sample, however long the gap before it is. */
  private async nextOf({ seriesId, newest, periodMs }: Backlog, pieces: Piece[]): Promise<number | null> {
    const own = pieces.filter((piece) => piece.seriesId === seriesId);
    const next = nextStep(Math.round(newest / periodMs), own);
    return next === null ? null : this.store.nextSample(seriesId, (next - 0.5) * periodMs);
  }
}

/** Of one period and detector each; the group with the shortest backlog first. */
function groups(backlog: Backlog[]): Backlog[][] {
  const byGroup = new Map<string, Backlog[]>();
  for (const one of backlog.toSorted((a, b) => stepsOf(a) - stepsOf(b))) {
    const key = groupKey(one.detectorId, one.periodMs);
    const group = byGroup.get(key);
    if (group) group.push(one);
    else byGroup.set(key, [one]);
  }
  return [...byGroup.values()];
}

const stepsOf = ({ from, newest, periodMs }: Backlog): number => (newest - from) / periodMs;

function plan(backlog: Backlog[], champions: OpenChampion[]): Piece[] {
  const longestGap = Math.min(...champions.map(({ model }) => model.config.window >> 1));
  return planRound(
    backlog.map(({ seriesId, from, newest, periodMs }) => ({
      seriesId,
      from: Math.round(from / periodMs),
      newest: Math.round(newest / periodMs),
      stateStep: stateStep(champions, seriesId),
      longestGap,
    })),
  );
}

/** The step that every champion's state of the series expects next, if they agree. */
function stateStep(champions: OpenChampion[], seriesId: number): number | undefined {
  const steps = new Set(champions.map(({ states }) => states.get(seriesId)?.step));
  return steps.size === 1 ? [...steps][0] : undefined;
}
