import { Inject, Injectable } from '@nestjs/common';
import type { Detector, RuleChange } from '@bellwether/contracts';
import { CLOCK, type Clock } from '../clock';
import { NotFound } from '../http/problem';
import { DetectorStore } from './detector.store';
import { changed } from './rule';
import { RuleStore } from './rule.store';

@Injectable()
export class RuleService {
  constructor(
    @Inject(CLOCK) private readonly now: Clock,
    @Inject(DetectorStore) private readonly detectors: DetectorStore,
    @Inject(RuleStore) private readonly store: RuleStore,
  ) {}

  /** What was scored stays as it was judged: the new version is for samples from now on. */
  async change(detectorId: number, change: RuleChange): Promise<Detector> {
    await this.store.change(detectorId, (rule) => changed(rule, change), new Date(this.now()));
    const detector = await this.detectors.byId(detectorId);
    if (!detector) throw new NotFound('detector', detectorId);
    return detector;
  }
}
