import { Inject, Injectable } from '@nestjs/common';
import type { RuleChange, RulePreview } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { NotFound } from '../http/problem';
import { DetectorStore } from '../registry/detector.store';
import { changed } from '../registry/rule';
import { ScoreStore } from '../scoring/score.store';
import { affordable, limitOf, PREVIEW_DAYS, previewOf, replayed, statements } from './preview';
import { PreviewStore } from './preview.store';

const DAY_MS = 86_400_000;

@Injectable()
export class PreviewService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(PreviewStore) private readonly store: PreviewStore,
    @Inject(ScoreStore) private readonly scores: ScoreStore,
  ) {}

  /** Replays the rule that a change asks for, and the present one, on the newest scores. */
  async preview(detectorId: number, change: RuleChange): Promise<RulePreview> {
    const present = await this.detectors.byId(detectorId);
    if (!present) throw new NotFound('detector', detectorId);
    const asked = changed(present, change);
    const since = new Date(this.now() - PREVIEW_DAYS * DAY_MS);
    const calm = Math.max(asked.resolveAfter, present.resolveAfter);

    const found = affordable(await this.store.series(detectorId, since));
    const floors = await this.scores.floors(found.map(({ id }) => id));
    const series = found.map((one) => ({ ...one, floor: floors.get(one.id) ?? 0 }));
    const all = [];
    for (const part of statements(series)) {
      const limits = part.map((one) => ({
        id: one.id,
        limit: Math.min(limitOf(asked, one), limitOf(present, one)),
      }));
      const scores = await this.store.scores(limits, { since, calm });
      for (const one of part)
        all.push(replayed({ ...one, scores: scores.get(one.id) ?? [] }, { asked, present }));
    }
    return previewOf(
      all.filter((one) => one !== undefined),
      present.seriesCount,
    );
  }
}
