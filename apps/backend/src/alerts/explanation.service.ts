import { Inject, Injectable } from '@nestjs/common';
import type { Alert, Explanation } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { NotFound } from '../http/problem';
import { AlertStore } from './alert.store';
import { rarity } from './explanation';
import { ExplanationStore } from './explanation.store';
import { mostAlike } from './likeness';
import { type RelatedSeries, RelatedStore } from './related.store';
import { around, historyOf, siblingsOf } from './sibling';

@Injectable()
export class ExplanationService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(RelatedStore) private readonly related: RelatedStore,
    @Inject(ExplanationStore) private readonly store: ExplanationStore,
  ) {}

  /** Why an alert fired, with what was related to its series as it was known when it began. */
  async explain(id: number): Promise<Explanation> {
    const alert = await this.alerts.byId(id);
    if (!alert) throw new NotFound('alert', id);
    const { seriesId, peak } = alert;
    const [related, background] = await Promise.all([
      this.related.relatedTo(seriesId, new Date(alert.startsAt)),
      this.store.background(id, { seriesId, peakAt: new Date(peak.time) }),
    ]);
    const [siblings, similar] = await Promise.all([
      this.siblings(alert, related, background.periodMs),
      this.similar(alert, related),
    ]);
    return {
      alert,
      periodMs: background.periodMs,
      rarity: peak.score === null ? null : rarity(peak.score, background.periodMs),
      history: historyOf(Date.parse(peak.time), background),
      ...{ siblings, siblingCount: related.length, similar },
    };
  }

  private async siblings(
    { startsAt, endsAt }: Alert,
    related: readonly RelatedSeries[],
    periodMs: number | null,
  ): Promise<Explanation['siblings']> {
    if (related.length === 0) return [];
    const startsMs = Date.parse(startsAt);
    const stretch = around(
      { startsMs, endsMs: endsAt === null ? null : Date.parse(endsAt) },
      periodMs,
      this.now(),
    );
    const surprises = await this.store.surprises(
      related.map(({ seriesId }) => seriesId),
      stretch,
    );
    return siblingsOf(startsMs, related, surprises);
  }

  private async similar({ id }: Alert, related: readonly RelatedSeries[]): Promise<Explanation['similar']> {
    const shapes = await this.store.shapes(
      id,
      related.map(({ seriesId }) => seriesId),
    );
    const own = shapes.find((shape) => shape.id === id);
    const alike = own ? mostAlike(own, shapes) : [];
    const found = new Map((await this.alerts.byIds(alike.map((one) => one.id))).map((one) => [one.id, one]));
    return alike.flatMap(({ id: otherId, words }) => {
      const alert = found.get(otherId);
      return alert ? [{ alert, likeness: words }] : [];
    });
  }
}
