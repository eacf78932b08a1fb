/** Loss (−ELBO) of one kind of model over the epochs of a run: training solid, held out dashed. */
'use client';

import { CartesianGrid, Line, LineChart, Tooltip, XAxis, YAxis } from 'recharts';
import type { LossPoint, ModelKind } from '@bellwether/contracts';
import { useWidth } from '@/parts/hooks';
import { figure } from '@/words';

const HEIGHT = 150;
const TICK = { fill: 'var(--muted)', fontSize: 11 };

interface LossChartProps {
  kind: ModelKind;
  losses: LossPoint[];
}

export function LossChart({ kind, losses }: LossChartProps) {
  const [ref, width] = useWidth();
  const points = losses.filter((point) => point.kind === kind);
  const last = points.at(-1);
  const name = kind.toUpperCase();
  if (last === undefined) return null;
  return (
    <figure className="min-w-0">
      <figcaption className="mb-1 flex flex-wrap justify-between gap-x-3 text-xs">
        <span className="font-semibold">{name} loss</span>
        <span className="text-muted">
          epoch {last.epoch}: training {figure(last.loss)}
          {last.heldOutLoss === null ? '' : `, held out ${figure(last.heldOutLoss)}`} nats per scaled sample
        </span>
      </figcaption>
      <div ref={ref} role="img" aria-label={lossInWords(name, points)} style={{ height: HEIGHT }}>
        {width > 0 && <Curve kind={kind} points={points} width={width} />}
      </div>
    </figure>
  );
}

function Curve({ kind, points, width }: { kind: ModelKind; points: LossPoint[]; width: number }) {
  const line = {
    stroke: `var(--${kind})`,
    isAnimationActive: false,
    dot: points.length < 3,
    type: 'linear',
  } as const;
  return (
    <LineChart
      data={points}
      width={width}
      height={HEIGHT}
      margin={{ top: 4, right: 8, bottom: 0, left: 0 }}
      accessibilityLayer={false}
    >
      <CartesianGrid stroke="var(--line)" vertical={false} />
      <XAxis
        dataKey="epoch"
        tick={TICK}
        tickLine={false}
        axisLine={{ stroke: 'var(--line)' }}
        height={20}
        minTickGap={24}
      />
      <YAxis
        width={46}
        domain={['auto', 'auto']}
        tick={TICK}
        tickLine={false}
        axisLine={false}
        tickCount={4}
        tickFormatter={(loss: number) => figure(loss, 3)}
      />
      <Line {...line} dataKey="loss" name="Training" strokeWidth={1.6} />
      <Line
        {...line}
        dataKey="heldOutLoss"
        name="Held out"
        connectNulls
        strokeWidth={1.6}
        strokeDasharray="4 3"
      />
      <Tooltip isAnimationActive={false} content={({ active, payload }) => lossTooltip(active, payload)} />
    </LineChart>
  );
}

function lossTooltip(active: boolean, payload: readonly { payload?: unknown }[]) {
  const point = payload[0]?.payload as LossPoint | undefined;
  if (!active || point === undefined) return null;
  return (
    <div className="rounded-md border border-line bg-surface/95 px-2.5 py-1.5 text-xs shadow-md">
      <p className="font-medium">Epoch {point.epoch}</p>
      <p>training {figure(point.loss)} nats per scaled sample</p>
      {point.heldOutLoss !== null && <p>held out {figure(point.heldOutLoss)} nats per scaled sample</p>}
    </div>
  );
}

function lossInWords(name: string, points: LossPoint[]): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return `${name} loss: nothing yet`;
  const heldOut = last.heldOutLoss === null ? '' : `, held out ${figure(last.heldOutLoss)}`;
  return `${name} loss from ${figure(first.loss)} at epoch ${first.epoch} to ${figure(last.loss)} at epoch ${last.epoch}${heldOut}, in nats per scaled sample`;
}
