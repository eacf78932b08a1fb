import { Inject, Injectable } from '@nestjs/common';
import type { Detector, Verdict, VerdictInput, VerdictKind, VerdictPreview } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { Database } from '../database/database';
import { publish } from '../database/live';
import { Conflict, NotFound } from '../http/problem';
import { DetectorStore } from '../registry/detector.store';
import { TrainingRunStore } from '../training/training-run.store';
import { CorrectionStore } from './correction.store';
import type { FactsByKind } from './statement';
import { floorFor, previewOf, replay, REPLAY_DAYS, watchPreviewOf } from './verdict';
import { type Judged, VerdictStore } from './verdict.store';

const DAY_MS = 86_400_000;

interface Raised {
  floor: number;
  replay: NonNullable<VerdictPreview['replay']>;
}

/** What a person says of an alert, and what follows. */
@Injectable()
export class VerdictService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(Database) private readonly database: Database,
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(CorrectionStore) private readonly scores: CorrectionStore,
    @Inject(TrainingRunStore) private readonly runs: TrainingRunStore,
    @Inject(VerdictStore) private readonly store: VerdictStore,
  ) {}

  async preview(alertId: number, kind: VerdictKind): Promise<VerdictPreview> {
    const alert = await this.find(alertId);
    if (alert.kind !== 'anomaly') return watchPreviewOf(alert.kind, kind);
    const raised = kind === 'false_alarm' ? await this.raise(alert) : undefined;
    return previewOf(kind, raised?.replay ?? null);
  }

  async give(alertId: number, input: VerdictInput): Promise<Verdict> {
    const alert = await this.find(alertId);
    const hasFloor = input.kind === 'false_alarm' && alert.kind === 'anomaly';
    const raised = hasFloor ? await this.raise(alert) : undefined;
    if (hasFloor && !raised) throw new Conflict(previewOf(input.kind, null).detail);
    const at = new Date(this.now());
    const verdict = await this.store.give(alertId, input, { floor: raised?.floor ?? null, at });
    if (!verdict) throw new NotFound('alert', alertId);
    if (input.kind === 'new_normal') await this.refit(alert);
    await publish(this.database, { type: 'alerts', seriesIds: [alert.seriesId] });
    return verdict;
  }

  async takeBack(alertId: number): Promise<void> {
    const alert = await this.find(alertId);
    if (!(await this.store.takeBack(alertId))) throw new NotFound('verdict on alert', alertId);
    await publish(this.database, { type: 'alerts', seriesIds: [alert.seriesId] });
  }

  private async find(alertId: number): Promise<Judged> {
    const alert = await this.store.alert(alertId);
    if (!alert) throw new NotFound('alert', alertId);
    return alert;
  }

  /** The floor that keeps this alert quiet, and what it would have done to the others of its series. */
  private async raise({ seriesId, startsAt, endsAt }: Judged): Promise<Raised | undefined> {
    const rule = await this.detectors.ofSeries(seriesId);
    if (!rule) return undefined;
    const since = new Date(Math.min(startsAt.getTime(), this.now() - REPLAY_DAYS * DAY_MS));
    const found = await this.scores.since(this.database, [{ seriesId, from: since }], rule.resolveAfter);
    const scored = found.get(seriesId) ?? [];
    const own = scored.filter(({ time }) => time >= startsAt && (!endsAt || time < endsAt));
    const floor = floorFor(own, rule);
    if (floor === undefined) return undefined;
    return {
      floor,
      replay: replay(scored, rule, { floor, confirmed: await this.store.confirmed(seriesId, since) }),
    };
  }

  private async refit({ seriesId, kind, facts, ...alert }: Judged): Promise<void> {
    const paceMs = kind === 'cadence' ? (facts as FactsByKind['cadence']).paceMs : null;
    if (paceMs !== null) await this.store.setPeriod(seriesId, paceMs);
    const periodMs = paceMs === null ? alert.periodMs : Math.round(paceMs);
    const detector: Detector | undefined = await this.detectors.ofSeries(seriesId);
    if (detector && periodMs !== null)
      await this.runs.queue(detector.id, periodMs, `series ${seriesId} has a new normal`);
  }
}
