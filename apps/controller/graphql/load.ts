/** Queues before uplinks, and duplication and parity of edges. */
import type { ProtectionTelemetry } from '@patronus/protocol';
import { type QueueView, residualPercent, type ShapingView, shapingOf } from '../edges/load.ts';
import { builder } from './builder.ts';
import { edgeRef, uplinkRef } from './network.ts';
import { priorityEnum } from './policies.ts';

const queueRef = builder.objectRef<QueueView>('Queue');
queueRef.implement({
  description:
    'What one priority sent by an uplink, totals since the uplink was given its rate; bytes of inner packets.',
  fields: (t) => ({
    priority: t.field({ type: priorityEnum, resolve: (one) => one.priority.toUpperCase() as 'NORMAL' }),
    sentPackets: t.exposeFloat('sentPackets'),
    sentBytes: t.exposeFloat('sentBytes'),
    droppedPackets: t.exposeFloat('droppedPackets'),
    markedPackets: t.exposeFloat('markedPackets', { description: 'Marked instead of dropped (RFC 3168).' }),
    delayP50Ms: t.exposeFloat('delayP50Ms', {
      nullable: true,
      description: 'What packets waited over the last 10 to 20 s; null: nothing was sent.',
    }),
    delayP99Ms: t.exposeFloat('delayP99Ms', { nullable: true }),
    delayHighestMs: t.exposeFloat('delayHighestMs', { nullable: true }),
  }),
});

const shapingRef = builder.objectRef<ShapingView>('Shaping');
shapingRef.implement({
  description: 'What waits before an uplink whose rate is known, so that the queue of its modem stays empty.',
  fields: (t) => ({
    bitsPerSecond: t.exposeFloat('bitsPerSecond'),
    waitingPackets: t.exposeFloat('waitingPackets', { description: 'Now.' }),
    waitingBytes: t.exposeFloat('waitingBytes', { description: 'Now, as on the wire.' }),
    queues: t.field({ type: [queueRef], description: 'The most urgent first.', resolve: ({ queues }) => queues }),
  }),
});

const protectionRef = builder.objectRef<ProtectionTelemetry>('Protection');
protectionRef.implement({
  description:
    'Packets sent twice or with parity, and what that was good for; totals since the start of the packet path.',
  fields: (t) => ({
    sent: t.exposeFloat('sent', { description: 'Numbered packets that were sent.' }),
    copies: t.exposeFloat('copies', { description: 'Second copies of these.' }),
    paritySent: t.exposeFloat('paritySent'),
    received: t.exposeFloat('received', { description: 'Numbered packets that came for the first time.' }),
    duplicates: t.exposeFloat('duplicates', { description: 'Those that came again.' }),
    repaired: t.exposeFloat('repaired', { description: 'Rebuilt from parity.' }),
    lost: t.exposeFloat('lost', { description: 'Given up after waiting.' }),
    late: t.exposeFloat('late', { description: 'Of these, passed on after one with a higher number.' }),
    tooLate: t.exposeFloat('tooLate', { description: 'Too old to tell whether they were new.' }),
    residualPercent: t.float({
      nullable: true,
      description: 'Lost in spite of it, of what was sent to this edge; null: nothing came.',
      resolve: residualPercent,
    }),
  }),
});

export function defineLoad(): void {
  builder.objectField(uplinkRef, 'shaping', (t) =>
    t.field({
      type: shapingRef,
      nullable: true,
      description: 'As its edge last said; null: its rate is not known, or nothing was said.',
      resolve: (uplink, _, { core }) => {
        const said = core.live.said(uplink.edge_id).shaping.get(uplink.id);
        return said === undefined ? null : shapingOf(said);
      },
    }),
  );
  builder.objectField(edgeRef, 'protection', (t) =>
    t.field({
      type: protectionRef,
      nullable: true,
      description: 'As it last said; null: it said nothing.',
      resolve: (edge, _, { core }) => core.live.said(edge.id).protection,
    }),
  );
}
