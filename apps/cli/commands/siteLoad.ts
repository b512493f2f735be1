/** What waits before a site's uplinks, and what its gateways sent twice or with parity, for `patronus site show`. */
import { z } from 'zod';
import { bitrate, milliseconds, percent, printTable } from '../output.ts';

const count = z.number();
export const shapingSchema = z.object({
  ...{ bitsPerSecond: count, waitingPackets: count },
  queues: z.array(
    z.object({
      ...{ priority: z.string(), sentBytes: count, droppedPackets: count, markedPackets: count },
      ...{ delayP50Ms: count.nullable(), delayP99Ms: count.nullable() },
    }),
  ),
});
export const protectionSchema = z.object({
  ...{ sent: count, copies: count, paritySent: count, received: count, repaired: count, lost: count },
  residualPercent: count.nullable(),
});

interface Shaped {
  readonly label: string;
  readonly shaping: z.infer<typeof shapingSchema> | null;
}

/** Nothing where no uplink has a rate. */
export function printQueues(uplinks: readonly Shaped[]): void {
  const rows = uplinks.flatMap(({ label, shaping }) =>
    (shaping?.queues ?? []).map((queue) => ({ label, shaping: shaping!, queue })),
  );
  if (rows.length === 0) return;
  printTable(
    rows,
    [
      { header: 'Before', cell: ({ label, shaping }) => `${label}, ${bitrate(shaping.bitsPerSecond)}` },
      { header: 'Queue', cell: ({ queue }) => queue.priority.toLowerCase() },
      { header: 'Waited', cell: ({ queue }) => milliseconds(queue.delayP50Ms), align: 'right' },
      { header: 'p99', cell: ({ queue }) => milliseconds(queue.delayP99Ms), align: 'right' },
      { header: 'Sent, bytes', cell: ({ queue }) => String(queue.sentBytes), align: 'right' },
      { header: 'Dropped', cell: ({ queue }) => String(queue.droppedPackets), align: 'right' },
      { header: 'Marked', cell: ({ queue }) => String(queue.markedPackets), align: 'right' },
    ],
    '',
  );
}

interface Protected {
  readonly name: string;
  readonly protection: z.infer<typeof protectionSchema> | null;
}

/** Nothing where no packet was protected. */
export function printProtection(edges: readonly Protected[]): void {
  const rows = edges.flatMap(({ name, protection }) =>
    protection === null || protection.sent + protection.received === 0 ? [] : [{ name, ...protection }],
  );
  if (rows.length === 0) return;
  printTable(
    rows,
    [
      { header: 'Protected by', cell: ({ name }) => name },
      { header: 'Sent', cell: ({ sent }) => String(sent), align: 'right' },
      { header: 'Copies', cell: ({ copies }) => String(copies), align: 'right' },
      { header: 'Parity', cell: ({ paritySent }) => String(paritySent), align: 'right' },
      { header: 'Came', cell: ({ received }) => String(received), align: 'right' },
      { header: 'Rebuilt', cell: ({ repaired }) => String(repaired), align: 'right' },
      { header: 'Lost', cell: ({ lost }) => String(lost), align: 'right' },
      { header: 'Residual', cell: ({ residualPercent }) => percent(residualPercent), align: 'right' },
    ],
    '',
  );
}
