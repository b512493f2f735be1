/** Routers outside of the fabric that gateways run BFD with. Their keys come in here and never leave. */
import { describeDiagnostic } from '@patronus/bfd';
import type { BfdPeer } from '@patronus/fabric';
import type { BfdSessionTelemetry } from '@patronus/protocol';
import { addBfdPeer } from '../services/addBfdPeer.ts';
import { removeBfdPeer } from '../services/removeBfdPeer.ts';
import { builder, connectionOf } from './builder.ts';
import { found, run } from './mutations.ts';
import { edgeRef } from './network.ts';
import { type PageArgs, paginate } from './page.ts';
import { bfdState, stateWords } from './quality.ts';

const authenticationType = builder.enumType('BfdAuthenticationType', {
  description: 'RFC 5880 §6.7.',
  values: {
    SIMPLE: { value: 'simple' },
    MD5: { value: 'md5' },
    METICULOUS_MD5: { value: 'meticulous-md5' },
    SHA1: { value: 'sha1' },
    METICULOUS_SHA1: { value: 'meticulous-sha1' },
  } as const,
});

const sessionRef = builder.objectRef<BfdSessionTelemetry>('BfdPeerSession');
sessionRef.implement({
  fields: (t) => ({
    state: t.field({ type: bfdState, resolve: ({ state }) => stateWords[state] }),
    remoteState: t.field({ type: bfdState, resolve: ({ remoteState }) => stateWords[remoteState] }),
    diagnosticText: t.string({ resolve: ({ diagnostic }) => describeDiagnostic(diagnostic) }),
    transmitIntervalMs: t.exposeFloat('transmitIntervalMs', { description: 'As negotiated.' }),
    detectionTimeMs: t.exposeFloat('detectionTimeMs'),
    downs: t.exposeFloat('downs'),
  }),
});
const bfdPeerRef = builder.objectRef<BfdPeer>('BfdPeer');
bfdPeerRef.implement({
  description: 'A router on the LAN of a gateway or beyond an uplink, and the BFD session with it (RFC 5881, 5883).',
  fields: (t) => ({
    id: t.exposeID('id'),
    edge: t.field({
      type: edgeRef,
      resolve: ({ edgeId }, _, { core }) => core.network.current.edges.get(edgeId)!,
    }),
    address: t.exposeString('address'),
    interface: t.exposeString('interface', { nullable: true, description: 'null: it is several hops away.' }),
    intervalMs: t.exposeInt('intervalMs'),
    multiplier: t.exposeInt('multiplier'),
    passive: t.exposeBoolean('passive', { description: 'Silent until the router speaks (RFC 5880 §6.1).' }),
    authentication: t.field({
      type: authenticationType,
      nullable: true,
      resolve: ({ authentication }) => authentication?.type,
    }),
    keyId: t.int({ nullable: true, resolve: ({ authentication }) => authentication?.keyId }),
    session: t.field({
      type: sessionRef,
      nullable: true,
      description: 'null until its gateway told of it.',
      resolve: ({ id, edgeId }, _, { core }) => core.live.said(edgeId).bfdPeers.get(id)?.session,
    }),
    since: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the session came into its state.',
      resolve: ({ id, edgeId }, _, { core }) => core.live.said(edgeId).bfdPeers.get(id)?.since,
    }),
  }),
});

const connection = connectionOf('BfdPeerConnection', 'BfdPeerEdge', bfdPeerRef);

const filterInput = builder.inputType('BfdPeerFilter', { fields: (t) => ({ siteId: t.id(), edgeId: t.id() }) });
const authenticationInput = builder.inputType('BfdAuthenticationInput', {
  fields: (t) => ({
    type: t.field({ type: authenticationType, required: true }),
    keyId: t.int({ required: true }),
    key: t.string({ required: true, description: 'Written only: nothing answers with it.' }),
  }),
});
const addInput = builder.inputType('AddBfdPeerInput', {
  fields: (t) => ({
    edgeId: t.id({ required: true }),
    address: t.string({ required: true }),
    interface: t.string({ description: 'The one that the router is on; left out: it is several hops away.' }),
    intervalMs: t.int({ defaultValue: 300 }),
    multiplier: t.int({ defaultValue: 3 }),
    passive: t.boolean({ defaultValue: false }),
    authentication: t.field({ type: authenticationInput }),
  }),
});
const removeInput = builder.inputType('RemoveBfdPeerInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
const payloadRef = builder.objectRef<{ bfdPeer: BfdPeer }>('BfdPeerPayload');
payloadRef.implement({
  fields: (t) => ({ bfdPeer: t.field({ type: bfdPeerRef, resolve: ({ bfdPeer }) => bfdPeer }) }),
});
const removePayload = builder.objectRef<{ removedId: string }>('RemoveBfdPeerPayload');
removePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });

export function defineBfdPeers(): void {
  builder.queryFields((t) => ({
    bfdPeers: t.field({
      type: connection,
      args: {
        ...{ first: t.arg.int(), after: t.arg.string(), last: t.arg.int(), before: t.arg.string() },
        filter: t.arg({ type: filterInput }),
      },
      resolve: (_, args: PageArgs & { filter?: typeof filterInput.$inferInput | null | undefined }, { core }) => {
        const { bfdPeers, edges } = core.network.current;
        const { siteId, edgeId } = args.filter ?? {};
        const wanted = [...bfdPeers.values()].filter(
          (peer) =>
            (edgeId == null || peer.edgeId === edgeId) &&
            (siteId == null || edges.get(peer.edgeId)?.site_id === siteId),
        );
        return paginate(wanted, args, { key: ({ address }) => address, id: ({ id }) => id, descending: false });
      },
    }),
  }));
  builder.mutationFields((t) => ({
    addBfdPeer: t.field({
      type: payloadRef,
      args: { input: t.arg({ type: addInput, required: true }) },
      resolve: async (_, { input }, context) => {
        const { bfdPeerId } = await run(context, addBfdPeer, input);
        return { bfdPeer: found(context.core.network.current.bfdPeers.get(bfdPeerId)) };
      },
    }),
    removeBfdPeer: t.field({
      type: removePayload,
      description: 'The router is told that the session is switched off.',
      args: { input: t.arg({ type: removeInput, required: true }) },
      resolve: (_, { input }, context) => run(context, removeBfdPeer, input),
    }),
  }));
}
