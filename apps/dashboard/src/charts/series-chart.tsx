/**
 * A series over time: observed samples, expected band, forecast fan, alerts, and under it the lane of scores with the
 * threshold. It takes a view and draws it; what to show is decided by who asks.
 */
'use client';

import { useMemo } from 'react';
import {
  Area,
  CartesianGrid,
  ComposedChart,
  Line,
  ReferenceArea,
  ReferenceDot,
  ReferenceLine,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { SeriesView } from '@bellwether/contracts';
import { scoreDomain, tickLabel, timeDomain, timeTicks, valueDomain, valueTicks } from '@/axes';
import { type LimitLine, limitLines } from '@/limits';
import { alertStretches, chartRows, newestTime, summaryOf, type AlertStretch, type Row } from '@/rows';
import { axisWords, scoreInWords } from '@/words';
import { SeriesTooltip } from './series-tooltip';
import { Stage, type StageActions } from './stage';

const RIGHT = 14;
const LANE_HEIGHT = 100;
/** Of the time axis alone, where nothing is scored. */
const AXIS_HEIGHT = 30;
const SYNC = 'series';

interface SeriesChartProps extends StageActions {
  view: SeriesView;
  /** Px of the whole chart; 0 while unknown. */
  width: number;
}

export function SeriesChart({ view, width, ...actions }: SeriesChartProps) {
  const left = width < 500 ? 52 : 64;
  const picture = usePicture(view, Math.max(2, Math.floor((width - left - RIGHT) / 90)));
  if (width === 0) return <div style={{ height: 320 + LANE_HEIGHT }} />;
  const frame: Frame = { ...picture, view, left, width };
  return (
    <Stage
      label={`Chart of ${view.series.name}.`}
      domain={picture.domain}
      inset={{ left, right: RIGHT }}
      {...actions}
    >
      <div role="img" aria-label={summaryOf(view)}>
        <ValueChart {...frame} height={width < 500 ? 250 : 320} />
        <ScoreLane {...frame} />
      </div>
    </Stage>
  );
}

interface Picture {
  rows: Row[];
  domain: [number, number];
  ticks: number[];
  stretches: AlertStretch[];
}

interface Frame extends Picture {
  view: SeriesView;
  left: number;
  width: number;
}

function usePicture(view: SeriesView, tickCount: number): Picture {
  return useMemo(() => {
    const domain = timeDomain(view);
    return {
      rows: chartRows(view),
      domain,
      ticks: timeTicks(domain, tickCount),
      stretches: alertStretches(view),
    };
  }, [view, tickCount]);
}

const TICK = { fill: 'var(--muted)', fontSize: 11 };
const QUIET = { isAnimationActive: false, dot: false, activeDot: false } as const;
const FILL = { ...QUIET, type: 'linear', stroke: 'none', connectNulls: false } as const;

function ValueChart({
  rows,
  domain,
  ticks,
  stretches,
  view,
  left,
  width,
  height,
}: Frame & { height: number }) {
  const { unit } = view.series;
  const limits = limitLines(view.series);
  const values = valueDomain(
    rows,
    limits.map(({ value }) => value),
  );
  const { tick, title } = axisWords(unit);
  const newest = newestTime(view);
  return (
    <ComposedChart
      data={rows}
      width={width}
      height={height}
      margin={{ top: 14, right: RIGHT, bottom: 0, left: 0 }}
      syncId={SYNC}
      accessibilityLayer={false}
    >
      <CartesianGrid stroke="var(--line)" vertical={false} />
      <XAxis
        dataKey="time"
        type="number"
        domain={domain}
        allowDataOverflow
        ticks={ticks}
        tick={false}
        height={6}
        axisLine={false}
      />
      <YAxis
        width={left}
        domain={values}
        ticks={valueTicks(values, 5)}
        interval={0}
        allowDataOverflow
        tick={TICK}
        tickLine={false}
        axisLine={false}
        tickFormatter={tick}
        label={{ value: title, position: 'top', offset: 4, dx: 4, fill: 'var(--muted)', fontSize: 11 }}
      />
      {alertAreas(stretches)}
      {limits.filter(({ value }) => value >= values[0] && value <= values[1]).map(limitLine)}
      <Area {...FILL} dataKey="band" fill="var(--band)" fillOpacity={0.17} />
      <Area {...FILL} dataKey="extent" fill="var(--extent)" fillOpacity={0.3} />
      <Area {...FILL} dataKey="wide" fill="var(--forecast)" fillOpacity={0.15} />
      <Area {...FILL} dataKey="narrow" fill="var(--forecast)" fillOpacity={0.25} />
      <Line {...QUIET} dataKey="expected" stroke="var(--expected)" strokeWidth={1.2} strokeDasharray="2 3" />
      <Line {...QUIET} dataKey="median" stroke="var(--forecast)" strokeWidth={1.6} strokeDasharray="5 4" />
      <Line
        {...QUIET}
        dataKey="value"
        stroke="var(--observed)"
        strokeWidth={1.5}
        activeDot={{ r: 3, strokeWidth: 0 }}
      />
      {stretches.map(({ alert, peak }) =>
        peak === null ? null : (
          <ReferenceDot
            key={alert.id}
            x={peak.time}
            y={peak.value}
            ifOverflow="hidden"
            shape={<PeakMark />}
          />
        ),
      )}
      {view.forecast !== null && newest !== undefined && (
        <ReferenceLine
          x={newest}
          stroke="var(--muted)"
          strokeDasharray="3 3"
          label={{ value: 'now', position: 'top', fill: 'var(--muted)', fontSize: 11 }}
        />
      )}
      <Tooltip
        isAnimationActive={false}
        cursor={{ stroke: 'var(--line-strong)' }}
        content={({ active, payload }) => <SeriesTooltip active={active} payload={payload} unit={unit} />}
      />
    </ComposedChart>
  );
}

/** The words of one lie on its outer side, where fewer samples are. */
const limitLine = ({ value, words, isUpper }: LimitLine) => (
  <ReferenceLine
    key={words}
    y={value}
    stroke="var(--warn)"
    strokeDasharray="8 3 2 3"
    label={{
      value: words.replaceAll(' ', '\u00a0'),
      position: isUpper ? 'insideBottomRight' : 'insideTopRight',
      fill: 'var(--warn)',
      fontSize: 11,
    }}
  />
);

/** Elements, not a component: recharts looks at the children of a chart. */
const alertAreas = (stretches: AlertStretch[]) =>
  stretches.map(({ alert, from, to }) => (
    <ReferenceArea
      key={alert.id}
      x1={from}
      x2={to}
      fill="var(--alert)"
      fillOpacity={0.13}
      ifOverflow="hidden"
    />
  ));

function ScoreLane({ rows, domain, ticks, stretches, view, left, width }: Frame) {
  const span = domain[1] - domain[0];
  const isScored = view.threshold !== null || rows.some((row) => row.score !== null);
  return (
    <ComposedChart
      data={rows}
      width={width}
      height={isScored ? LANE_HEIGHT : AXIS_HEIGHT}
      margin={{ top: 8, right: RIGHT, bottom: 0, left: 0 }}
      syncId={SYNC}
      accessibilityLayer={false}
    >
      <XAxis
        dataKey="time"
        type="number"
        domain={domain}
        allowDataOverflow
        ticks={ticks}
        tick={TICK}
        tickLine={{ stroke: 'var(--line-strong)' }}
        axisLine={{ stroke: 'var(--line)' }}
        height={22}
        tickFormatter={(time: number) => tickLabel(time, span)}
      />
      <YAxis
        width={left}
        domain={scoreDomain(rows, view.threshold)}
        tick={TICK}
        tickLine={false}
        axisLine={false}
        ticks={[0]}
        tickFormatter={() => (isScored ? 'score' : '')}
      />
      {alertAreas(stretches)}
      <Area
        {...QUIET}
        type="linear"
        dataKey="score"
        stroke="var(--score)"
        strokeWidth={1.2}
        fill="var(--score)"
        fillOpacity={0.15}
      />
      {view.threshold !== null && (
        <ReferenceLine
          y={view.threshold}
          stroke="var(--alert)"
          strokeDasharray="4 3"
          label={{
            value: `threshold: ${scoreInWords(view.threshold)}`,
            position: 'insideBottomLeft',
            fill: 'var(--alert)',
            fontSize: 11,
          }}
        />
      )}
      <Tooltip isAnimationActive={false} cursor={{ stroke: 'var(--line-strong)' }} content={() => null} />
    </ComposedChart>
  );
}

/** A ring with a point: told from the line by shape, not by colour alone. */
function PeakMark({ cx = 0, cy = 0 }: { cx?: number; cy?: number }) {
  return (
    <g>
      <circle cx={cx} cy={cy} r={6} fill="none" stroke="var(--alert)" strokeWidth={1.6} />
      <circle cx={cx} cy={cy} r={2} fill="var(--alert)" />
    </g>
  );
}
