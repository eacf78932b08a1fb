import { Inject, Injectable } from '@nestjs/common';
import type { AlertKind, Severity } from '@bellwether/contracts';
import { Database } from '../database/database';
import { WATCHES } from '../registry/selector';
import type { Profile, Pulse } from './watch';

/** A series that is watched: whose period is known, and that has samples. */
export interface Watched {
  id: number;
  periodMs: number;
  kinds: AlertKind[];
  severity: Severity;
  ruleVersion: number;
  profile: Profile | null;
  /** When its profile was made, epoch ms; null: never. */
  madeMs: number | null;
  liveMs: number | null;
  delayMs: number | null;
  upper: number | null;
  lower: number | null;
  probability: number | null;
  silenceMs: number;
  run: number;
  pacesMs: number[];
  falseBreaches: number;
}

interface WatchedRow extends Omit<Watched, 'profile'> {
  gapMs: number | null;
  longestRun: number | null;
  repeats: number | null;
  isRegular: boolean | null;
}

/** What is known of series, and when each was heard of last. */
@Injectable()
export class ProfileStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Every watched series, with the rule of its detector and what people said of its alerts. */
  async watched(): Promise<Watched[]> {
    const { rows } = await this.database.query<WatchedRow>(
      `SELECT s.id, s.period_ms::float8 AS "periodMs", d.kinds, d.severity, d.rule_version AS "ruleVersion",
              p.gap_ms AS "gapMs", p.longest_run AS "longestRun", p.repeats::float8 AS repeats, p.is_regular AS "isRegular",
              extract(epoch FROM p.made_at)::float8 * 1000 AS "madeMs", extract(epoch FROM p.live_at)::float8 * 1000 AS "liveMs",
              p.delay_ms AS "delayMs", s.upper_limit AS upper, s.lower_limit AS lower, s.breach_probability::float8 AS probability,
              COALESCE(f.silence_ms, 0) AS "silenceMs", COALESCE(f.run, 0) AS run, COALESCE(f.paces, '{}') AS "pacesMs",
              COALESCE(f.breaches, 0) AS "falseBreaches"
       FROM series s
       JOIN detector d ON ${WATCHES}
       LEFT JOIN profile p ON p.series_id = s.id
       LEFT JOIN (
         SELECT a.series_id,
                max(extract(epoch FROM COALESCE(a.ends_at, v.given_at) - a.starts_at)::float8 * 1000)
                  FILTER (WHERE a.kind = 'silent') AS silence_ms,
                max((a.facts->>'count')::float8) FILTER (WHERE a.kind = 'frozen') AS run,
                array_agg((a.facts->>'paceMs')::float8) FILTER (WHERE a.kind = 'cadence') AS paces,
                (count(*) FILTER (WHERE a.kind = 'breach'))::int AS breaches
         FROM verdict v
         JOIN alert a ON a.id = v.alert_id
         WHERE v.kind = 'false_alarm' AND a.kind <> 'anomaly'
         GROUP BY a.series_id
       ) f ON f.series_id = s.id
       WHERE s.period_ms IS NOT NULL`,
    );
    return rows.map(({ gapMs, longestRun, repeats, isRegular, ...row }) => ({
      ...row,
      profile:
        gapMs === null || longestRun === null || repeats === null || isRegular === null
          ? null
          : { gapMs, longestRun, repeats, isRegular },
    }));
  }

  /** When the newest sample of every series was, epoch ms. */
  async newest(): Promise<Map<number, number>> {
    const { rows } = await this.database.query<{ ids: number[] | null; times: number[] | null }>(
      `SELECT array_agg(w.series_id) AS ids, array_agg(extract(epoch FROM w.last_sample_at)::float8 * 1000) AS times
       FROM watermark w`,
    );
    const { ids, times } = rows[0]!;
    return new Map((ids ?? []).map((id, i) => [id, Math.round(times![i]!)]));
  }

  async saveProfiles(profiles: ReadonlyMap<number, Profile>, now: Date): Promise<void> {
    const all = [...profiles];
    await this.database.query(
      `INSERT INTO profile (series_id, made_at, gap_ms, longest_run, repeats, is_regular)
       SELECT s.id, $1, n.gap_ms, n.longest_run, n.repeats, n.is_regular
       FROM unnest($2::int[], $3::float8[], $4::int[], $5::real[], $6::boolean[]) AS n(id, gap_ms, longest_run, repeats, is_regular)
       JOIN (SELECT s.id FROM series s WHERE s.id = ANY($2::int[]) FOR KEY SHARE) s ON s.id = n.id
       ON CONFLICT (series_id) DO UPDATE
       SET made_at = EXCLUDED.made_at, gap_ms = EXCLUDED.gap_ms, longest_run = EXCLUDED.longest_run, repeats = EXCLUDED.repeats,
           is_regular = EXCLUDED.is_regular`,
      [
        now,
        all.map(([id]) => id),
        ...(['gapMs', 'longestRun', 'repeats', 'isRegular'] as const).map((key) =>
          all.map(([, profile]) => profile[key]),
        ),
      ],
    );
  }

  /** Keeps that these series reported live, for whoever starts after us. */
  async saveLive(pulses: ReadonlyMap<number, Pulse>): Promise<void> {
    const all = [...pulses];
    await this.database.query(
      `INSERT INTO profile (series_id, live_at, delay_ms)
       SELECT s.id, n.live_at, n.delay_ms
       FROM unnest($1::int[], $2::timestamptz[], $3::float8[]) AS n(id, live_at, delay_ms)
       JOIN (SELECT s.id FROM series s WHERE s.id = ANY($1::int[]) FOR KEY SHARE) s ON s.id = n.id
       ON CONFLICT (series_id) DO UPDATE SET live_at = EXCLUDED.live_at, delay_ms = EXCLUDED.delay_ms`,
      [
        all.map(([id]) => id),
        all.map(([, { liveMs }]) => new Date(liveMs)),
        all.map(([, { delayMs }]) => delayMs),
      ],
    );
  }
}
