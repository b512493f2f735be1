import type { WireStatus } from './control.ts';

/** In words, such as "cut both ways" or "30 ms ± 5 ms, 2 % lost, 10 Mbit/s". */
export function describeWire({ cut, impairment }: WireStatus): string {
  const parts: [boolean, string][] = [
    [cut !== 'no', `cut ${cut}`],
    [impairment.delayMs + impairment.jitterMs > 0, `${impairment.delayMs} ms ± ${impairment.jitterMs} ms`],
    [impairment.lossPercent > 0, `${impairment.lossPercent} % lost`],
    [impairment.rateMbit > 0, `${impairment.rateMbit} Mbit/s`],
    [impairment.reorderPercent > 0, `${impairment.reorderPercent} % reordered`],
    [impairment.duplicatePercent > 0, `${impairment.duplicatePercent} % doubled`],
    [impairment.corruptPercent > 0, `${impairment.corruptPercent} % corrupted`],
  ];
  const said = parts.filter(([is]) => is).map(([, text]) => text);
  if (said.length === 0) return 'clean';
  return said.join(', ') + (impairment.oneWay ? ' (outgoing only)' : '');
}
