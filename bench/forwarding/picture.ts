/** The figures as a picture: ratios to wireguard-go as bars, with what was asked for and what was hoped for. */
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
const ROW = 30;
const TOP = 56;

/** An SVG that reads well on light and on dark ground. */
export function picture(summary: Partial<Summary>): string {
  const values = rows.map(({ question, isInverse }) => {
    const ratio = summary[question]?.ratio ?? 0;
    return isInverse === true && ratio > 0 ? 1 / ratio : ratio;
  });
  const most = Math.max(...values, ...rows.map(({ aim }) => aim)) * 1.08;
  const scale = (WIDTH - LABELS - 70) / most;
  const x = (value: number) => (LABELS + value * scale).toFixed(1);
  const bars = rows.map(({ label, must, aim }, at) => {
    const y = TOP + at * ROW;
    const value = values[at]!;
    const mark = (of: number, name: string) =>
      `<line class="${name}" x1="${x(of)}" x2="${x(of)}" y1="${y - 3}" y2="${y + 19}"/>`;
    return [
      `<text x="${LABELS - 10}" y="${y + 13}" text-anchor="end">${label}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${(value * scale).toFixed(1)}" height="16" rx="3"/>`,
      mark(must, 'must'),
      mark(aim, 'aim'),
      `<text class="value" x="${Number(x(value)) + 8}" y="${y + 13}">${value.toPrecision(3)} ×</text>`,
    ].join('');
  });
  const height = TOP + rows.length * ROW + 14;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>Patronus against wireguard-go on the same wire in the same run</title>
<style>
  text { font: 13px system-ui, sans-serif; fill: #57606a; }
  .value { font-weight: 600; fill: #2da44e; }
  .title { font-size: 15px; font-weight: 600; }
  rect { fill: #2da44e; }
  line { stroke-width: 2; }
  .must { stroke: #bf8700; }
  .aim { stroke: #8250df; stroke-dasharray: 3 2; }
  @media (prefers-color-scheme: dark) { text { fill: #9198a1; } .value { fill: #3fb950; } rect { fill: #3fb950; } .aim { stroke: #ab7df8; } }
</style>
<text class="title" x="12" y="22">Ratio to wireguard-go, median of rounds</text>
<line class="must" x1="${LABELS}" x2="${LABELS}" y1="28" y2="42"/><text x="${LABELS + 8}" y="40">must</text>
<line class="aim" x1="${LABELS + 60}" x2="${LABELS + 60}" y1="28" y2="42"/><text x="${LABELS + 68}" y="40">aim</text>
${bars.join('\n')}
</svg>
`;
}
