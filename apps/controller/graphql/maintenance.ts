/** Taking uplinks out of service and back, and the organisation's BFD timers. */
import type { BfdTimers } from '@patronus/fabric';
import { check } from '@patronus/fabric';
import type { Uplink } from '../network/network.ts';
import { drainUplink, undrainUplink } from '../services/drainUplink.ts';
import { updateBfd } from '../services/updateBfd.ts';
import { builder, type GraphContext } from './builder.ts';
import { found, run } from './mutations.ts';
import { uplinkRef } from './network.ts';

const timersRef = builder.objectRef<BfdTimers>('BfdTimers');
timersRef.implement({
  description:
    'How the failure of a tunnel is noticed: how often it is asked whether it works (RFC 5880), ms, and by silence.',
  fields: (t) => ({
    intervalMs: t.exposeInt('intervalMs'),
    realtimeIntervalMs: t.exposeInt('realtimeIntervalMs', {
      description: 'On tunnels that carry a policy of priority REALTIME.',
    }),
    idleIntervalMs: t.exposeInt('idleIntervalMs', { description: 'On tunnels that carried nothing for a while.' }),
    multiplier: t.exposeInt('multiplier', { description: 'Down after so many intervals without an answer.' }),
    suspectsSilence: t.exposeBoolean('suspectsSilence', {
      description: 'Whether a tunnel that falls silent while it was talking is left before BFD knows.',
    }),
  }),
});
const updateInput = builder.inputType('UpdateBfdInput', {
  description: 'null goes back to what Patronus comes with; left out stays.',
  fields: (t) => ({
    intervalMs: t.int(),
    realtimeIntervalMs: t.int(),
    idleIntervalMs: t.int(),
    multiplier: t.int(),
    suspectsSilence: t.boolean(),
  }),
});
const timersPayload = builder.objectRef<{ bfd: BfdTimers }>('BfdPayload');
timersPayload.implement({ fields: (t) => ({ bfd: t.field({ type: timersRef, resolve: ({ bfd }) => bfd }) }) });

const drainInput = builder.inputType('DrainUplinkInput', { fields: (t) => ({ uplinkId: t.id({ required: true }) }) });
const undrainInput = builder.inputType('UndrainUplinkInput', {
  fields: (t) => ({ uplinkId: t.id({ required: true }) }),
});
const uplinkPayload = builder.objectRef<{ uplink: Uplink }>('UplinkPayload');
uplinkPayload.implement({
  fields: (t) => ({
    uplink: t.field({ type: uplinkRef, resolve: ({ uplink }) => uplink }),
    warnings: t.stringList({
      description: 'What deserves a second look, such as a site whose last uplink is drained.',
      resolve: ({ uplink }, _, { core }) => {
        const { edges, model } = core.network.current;
        const siteId = edges.get(uplink.edge_id)?.site_id ?? '';
        return check(model)
          .filter(({ code, siteIds }) => code === 'SITE_DRAINED' && siteIds.includes(siteId))
          .map(({ message }) => message);
      },
    }),
  }),
});

function payloadOf({ core }: GraphContext, uplinkId: string) {
  return { uplink: found(core.network.current.uplinks.get(uplinkId)) };
}

export function defineMaintenance(): void {
  builder.queryFields((t) => ({
    bfdTimers: t.field({ type: timersRef, resolve: (_, __, { core }) => core.network.current.bfd }),
  }));
  builder.mutationFields((t) => ({
    drainUplink: t.field({
      type: uplinkPayload,
      description: 'Takes an uplink out of service: new paths avoid it, and flows move away without loss.',
      args: { input: t.arg({ type: drainInput, required: true }) },
      resolve: async (_, { input }, context) => payloadOf(context, (await run(context, drainUplink, input)).uplinkId),
    }),
    undrainUplink: t.field({
      type: uplinkPayload,
      args: { input: t.arg({ type: undrainInput, required: true }) },
      resolve: async (_, { input }, context) => payloadOf(context, (await run(context, undrainUplink, input)).uplinkId),
    }),
    updateBfd: t.field({
      type: timersPayload,
      args: { input: t.arg({ type: updateInput, required: true }) },
      resolve: async (_, { input }, context) => {
        await run(context, updateBfd, input);
        return { bfd: context.core.network.current.bfd };
      },
    }),
  }));
}
