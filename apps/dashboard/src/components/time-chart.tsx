import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatClock } from '../format/time.ts';

export interface ChartSeries {
  readonly label: string;
  /** Which of the theme's series colours, from 1. */
  readonly colour: number;
  readonly values: readonly (number | null)[];
  readonly fill?: boolean;
  readonly isDashed?: boolean;
}

interface TimeChartProps {
  readonly label: string;
  /** Unix seconds, ascending. */
  readonly xs: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly windowSeconds: number;
  readonly height?: number;
}

/** A live line chart. The right end is the newest sample; the pointer reads values into the legend. */
export function TimeChart({ label, xs, series, format, windowSeconds, height = 200 }: TimeChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot>(null);
  const scheme = useComputedColorScheme('dark');
  const [cursor, setCursor] = useState<number | null>(null);
  // What the chart is made of; when it changes a new one is made, while mere values are only handed on.
  const shape = JSON.stringify([
    scheme,
    height,
    windowSeconds,
    series.map(({ label, colour, fill, isDashed }) => [label, colour, fill, isDashed]),
  ]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for series, height and theme
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const options = chartOptions(element, series, format, windowSeconds, height, setCursor);
    const plot = new uPlot(options, columns(xs, series), element);
    chart.current = plot;
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
      chart.current = null;
    };
  }, [shape]);

  useEffect(() => {
    chart.current?.setData(columns(xs, series));
  }, [xs, series]);

  const index = cursor !== null && cursor < xs.length ? cursor : xs.length - 1;
  const moment = cursor !== null ? xs[index] : undefined;
  return (
    <figure style={{ margin: 0 }} aria-label={label}>
      <div ref={host} className="chart" style={{ height }} />
      <figcaption className="legend">
        {series.map(({ label, colour, values, isDashed }) => {
          const value = values[index];
          return (
            <span className="legend-item" key={label}>
              <i data-dashed={isDashed} style={{ color: `var(--pt-series-${colour})` }} />
              {label}
              <b>{value === null || value === undefined ? '–' : format(value)}</b>
            </span>
          );
        })}
        {moment !== undefined && <span className="legend-time">at {formatClock(moment)}</span>}
      </figcaption>
    </figure>
  );
}

function columns(xs: readonly number[], series: readonly ChartSeries[]): uPlot.AlignedData {
  return [xs as number[], ...series.map(({ values }) => values as (number | null)[])];
}

function chartOptions(
  element: HTMLElement,
  series: readonly ChartSeries[],
  format: (value: number) => string,
  windowSeconds: number,
  height: number,
  onCursor: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour('--mantine-color-dimmed'),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: colour('--pt-line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    padding: [10, 20, 0, 0],
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx ?? null)] },
    scales: {
      x: { time: true, range: (_plot, _min, max) => [max - windowSeconds, max] },
      // Never a flat zero axis, and room above the highest point.
      y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.12 : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 90,
        size: 26,
        values: (_plot, ticks) => ticks.map((x) => formatClock(x).slice(0, 5)),
      },
      { ...axis, size: 74, space: 42, values: (_plot, ticks) => ticks.map((y) => (y === 0 ? '0' : format(y))) },
    ],
    series: [
      {},
      ...series.map(({ label, colour: index, fill, isDashed }): uPlot.Series => {
        const stroke = colour(`--pt-series-${index}`);
        return {
          label,
          stroke,
          width: 1.6,
          points: { show: false },
          ...(isDashed ? { dash: [5, 4] } : {}),
          ...(fill ? { fill: `color-mix(in srgb, ${stroke} 13%, transparent)` } : {}),
        };
      }),
    ],
  };
}
