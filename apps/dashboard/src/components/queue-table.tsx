import { formatMs } from '../format/time.ts';
import type { Priority } from '../policies/draft.ts';
import { formatBytes, formatCount } from '../policies/words.ts';
import { type Column, DataTable } from './data-table.tsx';
import { priorityNames } from './policies/words.ts';

export interface Queue {
  readonly priority: Priority;
  readonly sentPackets: number;
  readonly sentBytes: number;
  readonly droppedPackets: number;
  readonly markedPackets: number;
  readonly delayP50Ms: number | null;
  readonly delayP99Ms: number | null;
  readonly delayHighestMs: number | null;
}

export interface Shaping {
  readonly bitsPerSecond: number;
  readonly waitingPackets: number;
  readonly waitingBytes: number;
  readonly queues: readonly Queue[];
}

const columns: readonly Column<Queue>[] = [
  { id: 'priority', header: 'Queue', cell: ({ priority }) => priorityNames[priority] },
  {
    id: 'delay',
    header: 'Waited',
    align: 'end',
    cell: ({ delayP50Ms, delayP99Ms, delayHighestMs }) => (
      <span title={`Over the last seconds: the middle, the 99th percentile; at most ${formatMs(delayHighestMs)}`}>
        {formatMs(delayP50Ms)} <span className="muted">· p99 {formatMs(delayP99Ms)}</span>
      </span>
    ),
  },
  {
    id: 'sent',
    header: 'Sent',
    align: 'end',
    cell: ({ sentPackets, sentBytes }) => (
      <span title={`${formatCount(sentPackets)} packets since the uplink was given its rate`}>
        {formatBytes(sentBytes)}
      </span>
    ),
  },
  { id: 'dropped', header: 'Dropped', align: 'end', cell: ({ droppedPackets }) => formatCount(droppedPackets) },
  {
    id: 'marked',
    header: 'Marked',
    align: 'end',
    cell: ({ markedPackets }) => <span title="Marked instead of dropped (ECN)">{formatCount(markedPackets)}</span>,
  },
];

/** What waits before one uplink, by priority: the most urgent first. */
export function QueueTable({ label, queues }: { label: string; queues: readonly Queue[] }) {
  return <DataTable label={label} rows={queues} columns={columns} rowId={({ priority }) => priority} />;
}
