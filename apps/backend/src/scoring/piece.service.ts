/** Plays pieces of series through the champions of their group, and keeps what they say of each sample. */
import { Inject, Injectable } from '@nestjs/common';
import type { Detector } from '@bellwether/contracts';
import type { Scored } from '@bellwether/models';
import { toGrid } from '@bellwether/models/grid';
import { Champions, type OpenChampion } from './champions';
import { type Samples, type Score, ScoreStore } from './score.store';
import { type Piece, judge, threshold } from './scoring';

/** Series of one detector and period, with the models that score them. */
export interface OpenGroup {
  detector: Detector;
  periodMs: number;
  champions: OpenChampion[];
}

interface Batch {
  periodMs: number;
  pieces: Piece[];
  samples: Samples[];
}

@Injectable()
export class PieceService {
  constructor(
    @Inject(Champions) private readonly champions: Champions,
    @Inject(ScoreStore) private readonly store: ScoreStore,
  ) {}

  /** Writes the scores of these pieces; returns the first step of each series that has any new ones. */
  async score(group: OpenGroup, pieces: Piece[]): Promise<Map<number, number>> {
    const { periodMs } = group;
    const all = await this.store.samples(
      pieces.map(({ seriesId, start, to }) => ({
        seriesId,
        from: (start - 0.5) * periodMs,
        to: (to - 0.5) * periodMs,
      })),
    );
    // A piece in a long gap has nothing to score.
    const batch: Batch = { periodMs, pieces: [], samples: [] };
    pieces.forEach((piece, i) => {
      if (!all[i]!.times.some((time) => Math.round(time / periodMs) >= piece.from)) return;
      batch.pieces.push(piece);
      batch.samples.push(all[i]!);
    });
    const first = new Map<number, number>();
    if (batch.pieces.length === 0) return first;

    const scored = new Map<OpenChampion, Scored[]>();
    for (const champion of group.champions) scored.set(champion, await this.run(champion, batch));
    const limits = await this.limits(group, batch.pieces);
    await this.store.write(
      batch.pieces.flatMap((piece, i) =>
        this.toScores(
          { ...group, limit: limits.get(piece.seriesId)! },
          piece,
          batch.samples[i]!,
          new Map([...scored].map(([champion, one]) => [champion, one[i]!])),
        ),
      ),
    );
    for (const { seriesId, from } of batch.pieces)
      first.set(seriesId, Math.min(first.get(seriesId) ?? Infinity, from));
    return first;
  }

  /** The threshold of each series: the detector's, or what verdicts on its alerts have raised it to. */
  private async limits({ detector, periodMs }: OpenGroup, pieces: Piece[]): Promise<Map<number, number>> {
    const ids = [...new Set(pieces.map(({ seriesId }) => seriesId))];
    const floors = await this.store.floors(ids);
    const common = threshold(detector, periodMs);
    return new Map(ids.map((id) => [id, Math.max(common, floors.get(id) ?? 0)]));
  }

  private async run(champion: OpenChampion, { periodMs, pieces, samples }: Batch): Promise<Scored[]> {
    const inputs = pieces.map((piece, i) => ({
      state: piece.usesState ? champion.states.get(piece.seriesId)! : null,
      start: piece.start,
      values: onSteps(samples[i]!, piece, periodMs),
      periodMs,
      scalers: [this.champions.knowledge(champion, piece.seriesId).scaler],
    }));
    const scored = await champion.model.score(inputs);
    // Pieces of a series come in order: the last one's state stays.
    pieces.forEach(({ seriesId }, i) => champion.states.set(seriesId, scored[i]!.state));
    return scored;
  }

  private toScores(
    { champions, periodMs, limit }: OpenGroup & { limit: number },
    piece: Piece,
    samples: Samples,
    scored: Map<OpenChampion, Scored>,
  ): Score[] {
    const vrnn = champions.find(({ kind }) => kind === 'vrnn');
    const vae = champions.find(({ kind }) => kind === 'vae');
    const known = (champion: OpenChampion | undefined) =>
      champion && this.champions.knowledge(champion, piece.seriesId).calibration;
    const calibration = { vrnn: known(vrnn), vae: known(vae) };
    // The forecaster's band, and the reconstructor's where the forecaster has not seen enough yet.
    const bands = [vrnn, vae].flatMap((champion) => (champion ? [scored.get(champion)!] : []));
    return samples.times.flatMap((time) => {
      const step = Math.round(time / periodMs);
      if (step < piece.from) return [];
      const at = step - piece.start;
      const raw = { vrnn: vrnn && scored.get(vrnn)!.raw[at], vae: vae && scored.get(vae)!.raw[at] };
      const fused = judge(raw, calibration);
      if (!fused) return [];
      const band = bands.find(({ expected }) => Number.isFinite(expected[at])) ?? bands[0]!;
      return {
        seriesId: piece.seriesId,
        time,
        score: fused.surprise,
        threshold: limit,
        expected: orNull(band.expected[at]),
        lower: orNull(band.lower[at]),
        upper: orNull(band.upper[at]),
        vrnnShare: fused.vrnnShare,
        vrnnModelId: vrnn?.id ?? null,
        vaeModelId: vae?.id ?? null,
      };
    });
  }
}

/** Samples of a piece on its steps; missing steps are NaN. */
function onSteps({ times, values }: Samples, { start, to }: Piece, periodMs: number): Float64Array {
  const row = new Float64Array(to - start).fill(NaN);
  const grid = toGrid(times, values, periodMs);
  grid.values.forEach((value, i) => {
    const at = grid.start + i - start;
    if (at >= 0 && at < row.length) row[at] = value;
  });
  return row;
}

const orNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : value;
