import type uPlot from 'uplot';
import { formatClock } from '../format/time.ts';

export interface ChartSeries {
  readonly label: string;
  /** Which of the theme's series colours, from 1. */
  readonly colour: number;
  readonly values: readonly (number | null)[];
  readonly fill?: boolean;
  readonly isDashed?: boolean;
  readonly isBold?: boolean;
  /** One word for why it has no value now; such a line stands back. */
  readonly mutedAs?: string;
}

export interface Cursor {
  readonly index: number;
  /** Pixels from the left edge of the chart. */
  readonly left: number;
}

interface ChartLook {
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly windowSeconds: number;
  /** What the vertical axis reaches at least, so that noise does not look like an event. */
  readonly leastTop: number;
  readonly height: number;
  readonly onCursor: (cursor: Cursor | null) => void;
}

/** A young network has little to show: the axis begins with its first sample, but is never shorter than this. */
const leastWindowSeconds = 60;
const pixelsPerLetter = 5.4;

/** What uPlot needs to know to draw in the colours and letters of `element`. */
export function chartOptions(element: HTMLElement, look: ChartLook): uPlot.Options {
  const { series, format, windowSeconds, leastTop, height, onCursor } = look;
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
    padding: [10, 6, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 6 } },
    hooks: {
      setCursor: [
        ({ cursor: { idx, left }, over }) =>
          onCursor(
            idx === null || idx === undefined || left === undefined || left < 0
              ? null
              : { index: idx, left: over.offsetLeft + left },
          ),
      ],
    },
    scales: {
      x: {
        time: true,
        range: (_plot, min, max) => [max - Math.min(windowSeconds, Math.max(max - min, leastWindowSeconds)), max],
      },
      // Room above the highest point.
      y: { range: (_plot, _min, max) => [0, Math.max((max ?? 0) * 1.12, leastTop)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 90,
        size: 26,
        values: (_plot, ticks, _axis, _space, step) =>
          ticks.map((x) => formatClock(x).slice(0, step < 60 ? undefined : 5)),
      },
      {
        ...axis,
        // As wide as its longest label, so that the plot begins where the card's text does.
        size: (_plot, labels) => Math.max(0, ...(labels ?? []).map((one) => one.length)) * pixelsPerLetter + 9,
        space: 42,
        values: (_plot, ticks) => ticks.map((y) => (y === 0 ? '0' : format(y))),
      },
    ],
    series: [{}, ...series.map((one) => line(one, colour))],
  };
}

function line(
  { label, colour: index, fill, isDashed, isBold, mutedAs }: ChartSeries,
  colour: (name: string) => string,
): uPlot.Series {
  const stroke = colour(mutedAs ? '--pt-line-strong' : `--pt-series-${index}`);
  return {
    label,
    stroke,
    width: isBold ? 2.2 : 1.4,
    points: { show: false },
    ...(isDashed && { dash: [5, 4] }),
    ...(fill && { fill: `color-mix(in srgb, ${stroke} 13%, transparent)` }),
  };
}
