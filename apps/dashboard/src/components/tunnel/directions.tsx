import { IconArrowRight } from '@tabler/icons-react';
import { formatPercent, formatRate } from '../../format/rate.ts';
import { formatMs } from '../../format/time.ts';
import { formatCount } from '../../policies/words.ts';
import { type Column, DataTable } from '../data-table.tsx';

export interface Direction {
  readonly from: string;
  readonly to: string;
  readonly bitsPerSecond: number;
  readonly quality: {
    readonly packets: number;
    readonly lossPercent: number;
    readonly jitterMs: number;
    readonly delayChangeMs: number;
    readonly capacityBitsPerSecond: number | null;
  } | null;
}

const columns: readonly Column<Direction>[] = [
  {
    id: 'direction',
    header: 'Direction',
    cell: ({ from, to }) => (
      <strong>
        {from} <IconArrowRight size={13} stroke={2} className="muted" aria-label="to" /> {to}
      </strong>
    ),
  },
  { id: 'loss', header: 'Loss', align: 'end', cell: ({ quality }) => formatPercent(quality?.lossPercent) },
  { id: 'jitter', header: 'Jitter', align: 'end', cell: ({ quality }) => formatMs(quality?.jitterMs) },
  {
    id: 'delay',
    header: 'Delay above least',
    align: 'end',
    cell: ({ quality }) => (
      <span title="One-way delay above the least of the window: how much of it is queues">
        {quality ? `+${formatMs(quality.delayChangeMs)}` : '–'}
      </span>
    ),
  },
  {
    id: 'packets',
    header: 'Packets',
    align: 'end',
    cell: ({ quality }) => (
      <span title="Sent into it meanwhile: what the loss is a part of">
        {quality ? formatCount(quality.packets) : '–'}
      </span>
    ),
  },
  {
    id: 'capacity',
    header: 'Capacity',
    align: 'end',
    cell: ({ quality }) =>
      quality?.capacityBitsPerSecond == null ? (
        <span className="muted" title="It was never full since it was measured">
          not seen full
        </span>
      ) : (
        formatRate(quality.capacityBitsPerSecond)
      ),
  },
  { id: 'rate', header: 'Throughput', align: 'end', cell: ({ bitsPerSecond }) => formatRate(bitsPerSecond) },
];

/** Both directions of a tunnel as their receivers measured them over the last seconds. */
export function Directions({ directions }: { directions: readonly Direction[] }) {
  return <DataTable label="Directions" rows={directions} columns={columns} rowId={({ from, to }) => `${from} ${to}`} />;
}
