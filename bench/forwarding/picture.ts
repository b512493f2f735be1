/** The figures as a picture: ratios to wireguard-go, and to another one that was measured beside it, as bars, with what was asked for and what was hoped for. */
import type { Question, Summary } from './rounds.ts';

interface Row {
  readonly question: Question;
  readonly label: string;
  readonly must: number;
  readonly aim: number;
  /** Round trips: less is better, so the bar shows how many times shorter. */
  readonly isInverse?: true;
}

const rows: readonly Row[] = [
  { question: 'tcp1', label: 'TCP, 1 stream', must: 5, aim: 9 },
  { question: 'tcp4', label: 'TCP, 4 streams', must: 5, aim: 9 },
  { question: 'tcp1NoSegmentOffload', label: 'TCP, 1 stream, no segment offload', must: 2.5, aim: 4 },
  { question: 'tcp4NoSegmentOffload', label: 'TCP, 4 streams, no segment offload', must: 2.5, aim: 4 },
  { question: 'udp64', label: 'UDP, 64 bytes, received', must: 2, aim: 3 },
  { question: 'rttFloodUs', label: 'round trip, flood (times shorter)', must: 1, aim: 2, isInverse: true },
  { question: 'rttIdleUs', label: 'round trip, idle (times shorter)', must: 1, aim: 2, isInverse: true },
];

const WIDTH = 760;
const LABELS = 250;
const BAR = 16;
const OTHER_BAR = 12;
const GAP = 14;
/** Of a figure beside its bar. */
const FIGURE = 56;
const TOP = 56;

/** An SVG that reads well on light and on dark ground. */
export function picture(summary: Partial<Summary>): string {
  const values = rows.map((row) => times(row, summary[row.question]?.ratio));
  const others = rows.map((row) => times(row, summary[row.question]?.ratioToOther));
  const hasOther = others.some((value) => value > 0);
  const rowHeight = BAR + GAP + (hasOther ? OTHER_BAR : 0);
  const most = Math.max(...values, ...others, ...rows.map(({ aim }) => aim)) * 1.08;
  const scale = (WIDTH - LABELS - 70) / most;
  const x = (value: number) => (LABELS + value * scale).toFixed(1);
  const bars = rows.map(({ label, must, aim }, at) => {
    const y = TOP + at * rowHeight;
    const value = values[at]!;
    const other = others[at]!;
    const mark = (of: number, name: string) =>
      `<line class="${name}" x1="${x(of)}" x2="${x(of)}" y1="${y - 3}" y2="${y + BAR + 3}"/>`;
    return [
      `<text x="${LABELS - 10}" y="${y + 13}" text-anchor="end">${label}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${(value * scale).toFixed(1)}" height="${BAR}" rx="3"/>`,
      other === 0
        ? ''
        : `<rect class="other" x="${LABELS}" y="${y + BAR + 1}" width="${(other * scale).toFixed(1)}" height="${OTHER_BAR - 2}" rx="2"/>` +
          `<text class="small" x="${Number(x(other)) + 8}" y="${y + BAR + 11}">${other.toPrecision(3)} ×</text>`,
      mark(must, 'must'),
      mark(aim, 'aim'),
      `<text class="value" x="${besideBar(Number(x(value)), [must, aim].map(x).map(Number))}" y="${y + 13}">${value.toPrecision(3)} ×</text>`,
    ].join('');
  });
  const height = TOP + rows.length * rowHeight + 14;
  const legend = hasOther
    ? `<rect class="other" x="${LABELS + 120}" y="30" width="12" height="10" rx="2"/><text x="${LABELS + 138}" y="40">to the newest wireguard-go</text>`
    : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Patronus against wireguard-go on the same wire in the same run</title>
<style>
  text { font: 13px system-ui, sans-serif; fill: #57606a; }
  .value { font-weight: 600; fill: #2da44e; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 11px; }
  rect { fill: #2da44e; }
  .other { fill: #54aeff; }
  line { stroke-width: 2; }
  .must { stroke: #bf8700; }
  .aim { stroke: #8250df; stroke-dasharray: 3 2; }
  @media (prefers-color-scheme: dark) { text { fill: #9198a1; } .value { fill: #3fb950; } rect { fill: #3fb950; } .aim { stroke: #ab7df8; } }
</style>
<text class="title" x="12" y="22">Ratio to wireguard-go, median of rounds</text>
<line class="must" x1="${LABELS}" x2="${LABELS}" y1="28" y2="42"/><text x="${LABELS + 8}" y="40">must</text>
<line class="aim" x1="${LABELS + 60}" x2="${LABELS + 60}" y1="28" y2="42"/><text x="${LABELS + 68}" y="40">aim</text>
${legend}
${bars.join('\n')}
</svg>
`;
}

/** How many times as good; 0: not measured. */
function times({ isInverse }: Row, ratio = 0): number {
  return isInverse === true && ratio > 0 ? 1 / ratio : ratio;
}

/** Where a figure stands beside a bar that ends at `end`: behind a mark that it would cover. */
function besideBar(end: number, marks: readonly number[]): number {
  const covered = marks.filter((mark) => mark >= end && mark < end + 8 + FIGURE);
  return Math.max(end, ...covered) + 8;
}
