/** What waits before uplinks and what was protected, for `patronus edge status`. Pure. */
import type { EdgeStatus } from '../status/status.ts';
import { formatTable } from './table.ts';

type Labels = EdgeStatus['uplinks'];

/** Nothing where no uplink has a rate. */
export function formatQueues(shaping: EdgeStatus['shaping'], uplinks: Labels): string[] {
  const rows = shaping.flatMap(({ uplinkId, waitingPackets, priorities }) =>
    priorities.map((queue) => [
      ...[uplinks.find(({ id }) => id === uplinkId)?.label ?? uplinkId, queue.priority, String(waitingPackets)],
      ...[milliseconds(queue.delayP50Us), milliseconds(queue.delayP99Us)],
      ...[String(queue.sentPackets), String(queue.droppedPackets), String(queue.markedPackets)],
    ]),
  );
  if (rows.length === 0) return [];
  const headers = ['Uplink', 'Queue', 'Waiting', 'Waited', 'p99', 'Sent', 'Dropped', 'Marked'];
  return ['', 'Queues', ...formatTable(headers, rows)];
}

/** Nothing where no packet was sent twice or with parity. */
export function formatProtection(protection: EdgeStatus['protection']): string[] {
  if (protection == null || protection.sent + protection.received === 0) return [];
  const { sent, copies, paritySent, received, repaired, lost } = protection;
  return [
    '',
    `Protected      ${sent} sent with ${copies} copies and ${paritySent} parity; ${received} came, ${repaired} rebuilt, ${lost} lost`,
  ];
}

function milliseconds(us: number | null): string {
  return us === null ? '–' : `${(us / 1_000).toFixed(1)} ms`;
}
