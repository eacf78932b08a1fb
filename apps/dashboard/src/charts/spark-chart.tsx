/** The newest samples of a series with their expected band: a picture for a card. */
import type { Sparkline } from '@bellwether/contracts';
import { sparkPaths } from '@/spark';

const BOX = { width: 300, height: 60 };

interface SparkChartProps {
  sparkline: Sparkline;
  threshold: number | null;
  /** What it shows, for those who cannot see it. */
  label: string;
}

export function SparkChart({ sparkline, threshold, label }: SparkChartProps) {
  const { line, band, marks } = sparkPaths(sparkline, threshold, BOX);
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`-3 -3 ${BOX.width + 6} ${BOX.height + 6}`}
      preserveAspectRatio="none"
      className="h-16 w-full overflow-visible"
    >
      <path d={band} fill="var(--band)" fillOpacity={0.18} />
      <path
        d={line}
        fill="none"
        stroke="var(--observed)"
        strokeWidth={1.4}
        strokeLinejoin="round"
        strokeLinecap="round"
        vectorEffect="non-scaling-stroke"
      />
      {marks.map(({ x, y }, i) => (
        // A line of no length keeps its round cap round, however the box is stretched.
        <path
          key={i}
          d={`M${x},${y}L${x},${y}`}
          stroke="var(--alert)"
          strokeWidth={4.5}
          strokeLinecap="round"
          vectorEffect="non-scaling-stroke"
        />
      ))}
    </svg>
  );
}
