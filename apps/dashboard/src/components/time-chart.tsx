import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock } from '../format/time.ts';
import { type ChartSeries, type Cursor, chartOptions } from './chart-options.ts';

interface TimeChartProps {
  readonly label: string;
  /** Unix seconds, ascending. */
  readonly xs: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly windowSeconds: number;
  readonly leastTop: number;
  readonly height?: number;
}

/** A live line chart. The right end is the newest sample; the legend tells the newest values, the pointer older ones. */
export function TimeChart({ label, xs, series, format, windowSeconds, leastTop, height = 200 }: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const scheme = useComputedColorScheme('dark');
  const [cursor, setCursor] = useState<Cursor | null>(null);
  // What the chart is made of; when it changes a new one is made, while mere values are only handed on.
  const shape = JSON.stringify([scheme, height, windowSeconds, series.map(({ values: _, ...look }) => look)]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for series, height and theme
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const look = { series, format, windowSeconds, leastTop, height, onCursor: setCursor };
    const plot = new uPlot(chartOptions(element, look), columns(xs, series), element);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = null;
      setCursor(null);
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(columns(xs, series));
  }, [xs, series]);

  return (
    <figure className="chart-figure" aria-label={label}>
      <div ref={host} className="chart" style={{ height }}>
        {cursor && <Values cursor={cursor} width={host.current?.clientWidth ?? 0} {...{ xs, series, format }} />}
      </div>
      <figcaption className="legend" data-many={series.length > 2}>
        {series.map((one) => (
          <Entry key={one.label} series={one} value={one.mutedAs ?? written(one.values.at(-1), format)} />
        ))}
      </figcaption>
    </figure>
  );
}

interface ValuesProps extends Pick<TimeChartProps, 'xs' | 'series' | 'format'> {
  readonly cursor: Cursor;
  readonly width: number;
}

/** What every line was at the moment under the pointer, on the side of it that has room. */
function Values({ cursor: { index, left }, width, xs, series, format }: ValuesProps) {
  const moment = xs[index];
  if (moment === undefined) return null;
  const side = left > width / 2 ? { right: width - left + 12 } : { left: left + 12 };
  return (
    <div className="chart-values" style={side}>
      <div className="muted">{formatClock(moment)}</div>
      {series.map((one) => (
        <Entry key={one.label} series={one} value={written(one.values[index], format)} />
      ))}
    </div>
  );
}

function Entry({ series: { label, colour, isDashed, mutedAs }, value }: { series: ChartSeries; value: string }) {
  return (
    <span className="legend-item" data-muted={mutedAs !== undefined}>
      <i data-dashed={isDashed} style={{ color: mutedAs ? 'var(--pt-line-strong)' : `var(--pt-series-${colour})` }} />
      <span className="clip">{label}</span>
      <b>{value}</b>
    </span>
  );
}

function written(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}

function columns(xs: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  return [xs as number[], ...series.map(({ values }) => values as (number | null)[])];
}
