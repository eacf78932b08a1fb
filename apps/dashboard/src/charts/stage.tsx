/**
 * What a chart stands on: dragging selects a stretch, keys move and zoom. It knows pixels and times, and nothing of series.
 * The selection is a layer of its own, so that a drag does not draw the chart again at every step.
 */
'use client';

import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from 'react';

export interface StageActions {
  onSelect: (a: number, b: number) => void;
  onPan: (fraction: number) => void;
  onZoom: (factor: number) => void;
  onNewest: () => void;
}

interface StageProps extends StageActions {
  label: string;
  /** Times at the left and the right edge of the plot. */
  domain: [number, number];
  /** Plot edges in px, from the left and from the right of the stage. */
  inset: { left: number; right: number };
  children: ReactNode;
}

const SHORTEST_DRAG_PX = 6;

export function Stage({ label, domain, inset, children, ...actions }: StageProps) {
  const { drag, handlers } = useDrag(domain, inset, actions.onSelect);
  return (
    <div
      role="group"
      tabIndex={0}
      aria-label={`${label} Arrow keys move, plus and minus zoom, Home goes back to the newest sample.`}
      aria-keyshortcuts="ArrowLeft ArrowRight + - Home"
      className="relative cursor-crosshair touch-pan-y rounded-md select-none"
      onKeyDown={(event) => onKey(event, actions)}
      {...handlers}
    >
      {children}
      {drag !== null && (
        <div
          aria-hidden
          className="pointer-events-none absolute inset-y-0 border-x border-accent bg-accent/15"
          style={{ left: Math.min(drag.start, drag.end), width: Math.abs(drag.end - drag.start) }}
        />
      )}
    </div>
  );
}

function onKey(event: KeyboardEvent, { onPan, onZoom, onNewest }: StageActions): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const deeds: Record<string, () => void> = {
    ArrowLeft: () => onPan(-0.25),
    ArrowRight: () => onPan(0.25),
    '+': () => onZoom(0.5),
    '=': () => onZoom(0.5),
    '-': () => onZoom(2),
    Home: onNewest,
    End: onNewest,
    Escape: onNewest,
  };
  const deed = deeds[event.key];
  if (deed === undefined) return;
  event.preventDefault();
  deed();
}

interface Drag {
  start: number;
  end: number;
}

function useDrag(
  domain: [number, number],
  inset: { left: number; right: number },
  onSelect: (a: number, b: number) => void,
) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const width = useRef(0);

  const place = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    width.current = box.width;
    return Math.min(Math.max(event.clientX - box.left, inset.left), box.width - inset.right);
  };
  const timeAt = (x: number) =>
    domain[0] + ((x - inset.left) / (width.current - inset.left - inset.right)) * (domain[1] - domain[0]);

  const handlers = {
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      setDrag({ start: place(event), end: place(event) });
    },
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (drag !== null) setDrag({ ...drag, end: place(event) });
    },
    onPointerUp: (event: PointerEvent<HTMLElement>) => {
      if (drag === null) return;
      const end = place(event);
      setDrag(null);
      if (Math.abs(end - drag.start) >= SHORTEST_DRAG_PX) onSelect(timeAt(drag.start), timeAt(end));
    },
    onPointerCancel: () => setDrag(null),
  };
  return { drag, handlers };
}
