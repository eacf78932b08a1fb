import { Inject, Injectable } from '@nestjs/common';
import type { AlertKind, Direction, Severity } from '@bellwether/contracts';
import { Database, type Queries } from '../database/database';
import type { Rule, RuleVersion } from './rule';

export interface RuleRow {
  alert_budget: number;
  fire_after: number;
  resolve_after: number;
  direction: Direction;
  smallest_change: number | null;
  change_is_percent: boolean;
  kinds: AlertKind[];
  severity: Severity;
}

export const RULE_COLUMNS = [
  'alert_budget',
  'fire_after',
  'resolve_after',
  'direction',
  'smallest_change',
  'change_is_percent',
  'kinds',
  'severity',
] as const;

const NAMES = RULE_COLUMNS.join(', ');
const VALUES = '$2::real, $3::int, $4::int, $5::text, $6::float8, $7::boolean, $8::text[], $9::text';

/** Every version of the rule of each detector. */
@Injectable()
export class RuleStore {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The versions of these detectors, in order. */
  async versions(queries: Queries, detectorIds: readonly number[]): Promise<Map<number, RuleVersion[]>> {
    const { rows } = await queries.query<RuleRow & { id: number; version: number; since_ms: number }>(
      `SELECT r.detector_id AS id, r.version, (extract(epoch FROM r.since) * 1000)::float8 AS since_ms,
              ${RULE_COLUMNS.map((name) => `r.${name}`).join(', ')}
       FROM rule r
       WHERE r.detector_id = ANY($1::int[])
       ORDER BY r.detector_id, r.version`,
      [detectorIds],
    );
    const versions = new Map<number, RuleVersion[]>();
    for (const { id, version, since_ms, ...row } of rows) {
      const known = versions.get(id) ?? [];
      versions.set(id, [...known, { ...ruleOf(row), version, sinceMs: since_ms }]);
    }
    return versions;
  }

  /**
   * Makes a new version of a detector's rule, valid from `since` on; none where nothing changes, or there is no such detector.
   * `change` is given the rule, which nobody else can change meanwhile.
   */
  change(detectorId: number, change: (rule: Rule) => Rule, since: Date): Promise<void> {
    return this.database.transaction(async (queries) => {
      const { rows } = await queries.query<RuleRow>(
        `SELECT ${NAMES} FROM detector d WHERE d.id = $1 FOR UPDATE`,
        [detectorId],
      );
      if (!rows[0]) return;
      const rule = change(ruleOf(rows[0]));
      await queries.query(
        `WITH changed AS (
           UPDATE detector d SET (${NAMES}) = ROW(${VALUES}), rule_version = d.rule_version + 1
           WHERE d.id = $1 AND (${RULE_COLUMNS.map((name) => `d.${name}`).join(', ')}) IS DISTINCT FROM (${VALUES})
           RETURNING d.id, d.rule_version
         )
         INSERT INTO rule (detector_id, version, since, ${NAMES})
         SELECT c.id, c.rule_version, $10::timestamptz, ${VALUES} FROM changed c`,
        [
          detectorId,
          ...[rule.alertBudget, rule.fireAfter, rule.resolveAfter, rule.direction],
          ...[rule.smallestChange?.value ?? null, rule.smallestChange?.isPercent ?? false],
          ...[rule.kinds, rule.severity, since],
        ],
      );
    });
  }
}

export const ruleOf = (row: RuleRow): Rule => ({
  alertBudget: row.alert_budget,
  fireAfter: row.fire_after,
  resolveAfter: row.resolve_after,
  direction: row.direction,
  smallestChange:
    row.smallest_change === null ? null : { value: row.smallest_change, isPercent: row.change_is_percent },
  kinds: row.kinds,
  severity: row.severity,
});
