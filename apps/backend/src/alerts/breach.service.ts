import { Inject, Injectable } from '@nestjs/common';
import { type Breach, breachOf, claimsOf } from './breach';
import { BreachStore } from './breach.store';
import { type Decisions, hasLimits, isLive, nextTurns, type Open, opening, type Seen } from './look';
import type { Watched } from './profile.store';
import type { FactsByKind } from './statement';
import { type OpenAlert, type Opening, WatchStore } from './watch.store';

/** Looks at new samples in a row that have nothing to say before a breach is over. */
const CALM_LOOKS = 3;
const PROBABILITY = 0.8;
/** By how much each false alarm raises the probability that is asked for, and where that ends. */
const RAISED = 0.05;
const MOST_PROBABLE = 0.95;

/** What newest samples and forecasts say of the limits of series. */
@Injectable()
export class BreachService {
  /** The newest sample that the limits of a series were held against. */
  private readonly heldMs = new Map<number, number>();
  private readonly calm = new Map<number, number>();

  constructor(
    @Inject(BreachStore) private readonly store: BreachStore,
    @Inject(WatchStore) private readonly watch: WatchStore,
  ) {}

  /** Of series with limits that went on since they were held against them. */
  async decide(seen: readonly Seen[], open: Open, nowMs: number, decisions: Decisions): Promise<void> {
    const due = nextTurns(
      seen.filter(({ series }) => hasLimits(series)),
      this.heldMs,
    );
    if (due.length === 0) return;
    const ids = due.map(({ series }) => series.id);
    const samples = await this.watch.samples(ids.map((id) => ({ id, count: 1 })));
    const outlooks = await this.store.outlooks(ids);
    for (const one of due) {
      const { series, lastMs } = one;
      this.heldMs.set(series.id, lastMs);
      const value = samples.get(series.id)?.values[0];
      if (value === undefined) continue;
      const outlook = outlooks.get(series.id) ?? null;
      // A forecast that the samples have overtaken says nothing of what comes.
      const isFresh = outlook !== null && outlook.startsMs > lastMs - 2 * outlook.periodMs;
      const breach = breachOf({ timeMs: lastMs, value }, isFresh ? outlook : null, askedOf(series));
      const alert = open.get(series.id)?.breach;
      if (alert) this.follow(alert, breach, lastMs, decisions);
      else if (breach && isLive(one, nowMs) && series.kinds.includes('breach')) {
        const record = await this.record(series, nowMs);
        decisions.begin.push(
          opening(series, 'breach', { startsMs: lastMs, ...statedOf(breach, lastMs, record) }),
        );
      }
    }
  }

  /** An open breach goes on while there is something to say, and ends after some looks at which there is nothing. */
  private follow(alert: OpenAlert, breach: Breach | null, lastMs: number, { end, restate }: Decisions): void {
    const calm = breach ? 0 : (this.calm.get(alert.id) ?? 0) + 1;
    this.calm.set(alert.id, calm);
    if (calm >= CALM_LOOKS) {
      this.calm.delete(alert.id);
      end.push({ id: alert.id, endsMs: lastMs });
    }
    if (!breach) return;
    const facts = alert.facts as FactsByKind['breach'];
    const isSame = facts.phase === breach.phase && facts.side === breach.side;
    const isPast = facts.phase === 'coming' && facts.atMs <= lastMs;
    if (!isSame || isPast || isStranger(breach, alert.value))
      restate.push({ id: alert.id, ...statedOf(breach, lastMs, facts.record) });
  }

  /** How often forecasts said that a limit of this series would be crossed, and how often it was. */
  private async record(series: Watched, nowMs: number): Promise<{ right: number; known: number }> {
    const outlooks = await this.store.pastOutlooks(series.id, new Date(nowMs));
    const claims = claimsOf(outlooks, { ...askedOf(series), nowMs });
    return {
      right: claims.length > 0 ? await this.store.cameTrue(series.id, claims) : 0,
      known: claims.length,
    };
  }
}

const askedOf = ({ upper, lower, probability, falseBreaches }: Watched) => ({
  limits: { upper, lower },
  probability: Math.min(MOST_PROBABLE, (probability ?? PROBABILITY) + RAISED * falseBreaches),
});

/** A value that lies farther beyond than the one that was told. */
const isStranger = (breach: Breach, told: number): boolean =>
  breach.phase === 'beyond' && (breach.side === 'above' ? breach.value > told : breach.value < told);

function statedOf(
  breach: Breach,
  lastMs: number,
  record: { right: number; known: number },
): Pick<Opening, 'peakMs' | 'value' | 'facts'> {
  const { side, limit, value } = breach;
  if (breach.phase === 'beyond')
    return { peakMs: lastMs, value, facts: { phase: 'beyond', side, limit, record } };
  const { atMs, probability } = breach;
  return { peakMs: atMs, value, facts: { phase: 'coming', side, limit, atMs, probability, record } };
}
