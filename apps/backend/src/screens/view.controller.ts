import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Series, SeriesView, ViewQuery } from '@bellwether/contracts';
import { AlertStore } from '../alerts/alert.store';
import { Answers, Asks } from '../http/docs';
import { BadInput, NotFound } from '../http/problem';
import { IdPipe, ZodPipe } from '../http/zod.pipe';
import { ForecastStore } from '../scoring/forecast.store';
import { SeriesStore } from '../series/series.store';
import { breakAtGaps, bucketed, RAW, resolve, stretch, toColumns, usualStep } from './view';
import { ViewStore } from './view.store';

/** Raw samples may be this much denser than the period says before they are put into buckets. */
const SLACK = 3;

@ApiTags('series')
@Controller('api/v1/series')
export class ViewController {
  constructor(
    @Inject(SeriesStore) private readonly series: SeriesStore,
    @Inject(ViewStore) private readonly views: ViewStore,
    @Inject(AlertStore) private readonly alerts: AlertStore,
    @Inject(ForecastStore) private readonly forecasts: ForecastStore,
  ) {}

  @Get(':id/view')
  @Asks(ViewQuery)
  @Answers(
    SeriesView,
    'Samples, expectation, scores, alerts and forecast of [from, to), at a resolution of about `points` points.',
  )
  async view(
    @Param('id', new IdPipe()) id: number,
    @Query(new ZodPipe(ViewQuery)) query: ViewQuery,
  ): Promise<SeriesView> {
    const series = await this.series.byId(id);
    if (!series) throw new NotFound('series', id);
    const lastAt = epoch(series.lastSampleAt) ?? 0;
    const firstAt = epoch(series.firstSampleAt) ?? lastAt;
    const { periodMs } = series;
    const asked = { from: instant(query.from, 'from'), to: instant(query.to, 'to') };
    const { from, to } = stretch(asked, { firstAt, lastAt, periodMs });
    if (from >= to)
      throw new BadInput('from: is not before to', [{ at: 'from', detail: 'is not before to' }]);
    const { rows, resolution } = await this.rows({
      ...{ series, from, to, points: query.points },
      heldMs: Math.min(to, lastAt) - Math.max(from, firstAt),
    });
    return {
      series,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      resolution,
      ...toColumns(breakAtGaps(rows, Math.max(resolution.bucketMs, periodMs ?? usualStep(rows)))),
      threshold: await this.views.threshold(id),
      alerts: await this.alerts.between(id, new Date(from), new Date(to)),
      forecast: to > lastAt ? await this.forecasts.latest(id) : null,
    };
  }

  private async rows({
    series,
    from,
    to,
    points,
    heldMs,
  }: {
    series: Series;
    from: number;
    to: number;
    points: number;
    heldMs: number;
  }) {
    const stretch = { seriesId: series.id, from: new Date(from), to: new Date(to) };
    let resolution = resolve({ from, to, points, periodMs: series.periodMs, heldMs });
    if (resolution.bucketMs === RAW.bucketMs) {
      const rows = await this.views.raw(stretch, SLACK * points + 1);
      if (rows.length <= SLACK * points) return { rows, resolution };
      resolution = bucketed((to - from) / points);
    }
    return { rows: await this.views.buckets(stretch, resolution), resolution };
  }
}

const epoch = (time: string | null): number | undefined => (time === null ? undefined : Date.parse(time));

/** The years a chart may show, in ms: PostgreSQL and JavaScript both know them. */
const EARLIEST = Date.UTC(1970, 0, 1);
const LATEST = Date.UTC(2200, 0, 1);

function instant(value: string | number | undefined, at: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'number' ? value : Date.parse(value);
  if (ms >= EARLIEST && ms <= LATEST) return ms;
  throw new BadInput(`${at}: lies outside of the years 1970 to 2200; give ISO 8601 or epoch milliseconds`, [
    { at, detail: 'outside of the years 1970 to 2200' },
  ]);
}
