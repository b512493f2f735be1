/** Mutations: each hands its input to the service of the same name. */
import type { Alarm } from '../edges/alarms.ts';
import type { Edge, Peer, Site } from '../network/network.ts';
import { warningsOf } from '../network/publish.ts';
import { acknowledgeAlarm } from '../services/acknowledgeAlarm.ts';
import { addPeer } from '../services/addPeer.ts';
import { addSite } from '../services/addSite.ts';
import { createEnrolmentToken } from '../services/createEnrolmentToken.ts';
import { createFirstAdministrator } from '../services/createFirstAdministrator.ts';
import { wgQuick } from '../services/peerConfiguration.ts';
import { removePeer } from '../services/removePeer.ts';
import { removeSite } from '../services/removeSite.ts';
import { revokeEdge } from '../services/revokeEdge.ts';
import { findUser, type NewSession, type User } from '../services/sessions.ts';
import { signIn } from '../services/signIn.ts';
import { signOut } from '../services/signOut.ts';
import { updateSite } from '../services/updateSite.ts';
import { perform, type Verb } from '../services/verb.ts';
import { builder, type GraphContext } from './builder.ts';
import { edgeRef, peerRef, siteRef } from './network.ts';
import { alarmRef, userRef } from './operations.ts';

const createFirstAdministratorInput = builder.inputType('CreateFirstAdministratorInput', {
  fields: (t) => ({
    token: t.string({ required: true }),
    name: t.string({ required: true }),
    email: t.string({ required: true }),
    password: t.string({ required: true }),
  }),
});
const signInInput = builder.inputType('SignInInput', {
  fields: (t) => ({ email: t.string({ required: true }), password: t.string({ required: true }) }),
});
const uplinkInput = builder.inputType('UplinkInput', {
  fields: (t) => ({
    id: t.id({ description: 'Given when an existing uplink is changed; left out for a new one.' }),
    label: t.string({ required: true }),
    interface: t.string({ required: true }),
    domain: t.string({ defaultValue: 'internet' }),
    cost: t.int({ defaultValue: 10 }),
    port: t.int(),
    bitsPerSecond: t.float(),
    publicEndpoints: t.stringList(),
    probeTargets: t.stringList({
      description: 'Hosts that tell whether the internet is reached by it; empty: the gateway of its network.',
    }),
  }),
});
const addSiteInput = builder.inputType('AddSiteInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    description: t.string({ defaultValue: '' }),
    location: t.string({ defaultValue: '' }),
    reachProbe: t.string(),
    prefixes: t.stringList({ required: true }),
    uplinks: t.field({ type: [uplinkInput], required: true }),
  }),
});
const updateSiteInput = builder.inputType('UpdateSiteInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    revision: t.int(),
    name: t.string(),
    description: t.string(),
    location: t.string(),
    reachProbe: t.string({ description: 'null: none any more.' }),
    prefixes: t.stringList(),
    uplinks: t.field({ type: [uplinkInput] }),
  }),
});
const removeSiteInput = builder.inputType('RemoveSiteInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
const createEnrolmentTokenInput = builder.inputType('CreateEnrolmentTokenInput', {
  fields: (t) => ({ siteId: t.id({ required: true }), expiresInMinutes: t.int({ defaultValue: 60 }) }),
});
const revokeEdgeInput = builder.inputType('RevokeEdgeInput', { fields: (t) => ({ edgeId: t.id({ required: true }) }) });
const addPeerInput = builder.inputType('AddPeerInput', {
  fields: (t) => ({
    siteId: t.id({ required: true }),
    name: t.string({ required: true }),
    publicKey: t.string({ required: true }),
    address: t.string({ required: true }),
    uplinkId: t.id(),
    presharedKey: t.string(),
  }),
});
const removePeerInput = builder.inputType('RemovePeerInput', { fields: (t) => ({ id: t.id({ required: true }) }) });
const acknowledgeAlarmInput = builder.inputType('AcknowledgeAlarmInput', {
  fields: (t) => ({ id: t.id({ required: true }) }),
});

const sessionPayload = builder.objectRef<{ user: User; expiresAt: number }>('SessionPayload');
sessionPayload.implement({
  fields: (t) => ({
    user: t.field({ type: userRef, resolve: (payload) => payload.user }),
    expiresAt: t.field({ type: 'DateTime', resolve: (payload) => payload.expiresAt }),
  }),
});
const sitePayload = builder.objectRef<{ site: Site }>('SitePayload');
sitePayload.implement({
  fields: (t) => ({
    site: t.field({ type: siteRef, resolve: ({ site }) => site }),
    warnings: t.stringList({
      description: 'What works and may be meant, yet deserves a second look, such as a single uplink; about this site.',
      resolve: ({ site }, _, { core }) => warningsOf(core.network.current, site.id),
    }),
  }),
});
const removeSitePayload = builder.objectRef<{ removedId: string }>('RemoveSitePayload');
removeSitePayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });
const removePeerPayload = builder.objectRef<{ removedId: string }>('RemovePeerPayload');
removePeerPayload.implement({ fields: (t) => ({ removedId: t.exposeID('removedId') }) });
const edgePayload = builder.objectRef<{ edge: Edge }>('EdgePayload');
edgePayload.implement({ fields: (t) => ({ edge: t.field({ type: edgeRef, resolve: ({ edge }) => edge }) }) });
const alarmPayload = builder.objectRef<{ alarm: Alarm }>('AlarmPayload');
alarmPayload.implement({ fields: (t) => ({ alarm: t.field({ type: alarmRef, resolve: ({ alarm }) => alarm }) }) });
const tokenPayload = builder.objectRef<{ token: string; expiresAt: number; command: string }>('EnrolmentTokenPayload');
tokenPayload.implement({
  fields: (t) => ({
    token: t.exposeString('token', { description: 'Shown once, never stored in the clear.' }),
    expiresAt: t.field({ type: 'DateTime', resolve: (payload) => payload.expiresAt }),
    command: t.exposeString('command', { description: 'The command to paste on the new gateway.' }),
  }),
});
const peerPayload = builder.objectRef<{ peer: Peer; configuration: string }>('PeerPayload');
peerPayload.implement({
  description: '`configuration` is a wg-quick file for the peer, without its private key. Shown again on demand.',
  fields: (t) => ({
    peer: t.field({ type: peerRef, resolve: ({ peer }) => peer }),
    configuration: t.exposeString('configuration'),
  }),
});

/** Hands the input to the service, in the caller's name. */
export async function run<Output, Prepared, Input>(
  context: GraphContext,
  verb: Verb<Input, Output, Prepared>,
  input: unknown,
): Promise<Output> {
  return perform(context.core, context.caller, verb, input);
}

async function signedIn(context: GraphContext, session: NewSession) {
  context.setSession(session);
  const user = await findUser(context.core, session.userId);
  if (user === undefined) throw new Error('a session was opened for a user who is not there');
  return { user, expiresAt: session.expiresAt };
}

export function defineMutations(): void {
  builder.mutationType({
    fields: (t) => ({
      createFirstAdministrator: t.field({
        type: sessionPayload,
        description:
          "Makes the first administrator with the one-time link's token and signs in. Refused once there is one.",
        args: { input: t.arg({ type: createFirstAdministratorInput, required: true }) },
        resolve: async (_, { input }, context) =>
          signedIn(context, await run(context, createFirstAdministrator, input)),
      }),
      signIn: t.field({
        type: sessionPayload,
        args: { input: t.arg({ type: signInInput, required: true }) },
        resolve: async (_, { input }, context) => signedIn(context, await run(context, signIn, input)),
      }),
      signOut: t.boolean({
        resolve: async (_, __, context) => {
          await run(context, signOut, {});
          context.setSession(undefined);
          return true;
        },
      }),
      addSite: t.field({
        type: sitePayload,
        args: { input: t.arg({ type: addSiteInput, required: true }) },
        resolve: async (_, { input }, context) => sitePayloadOf(context, (await run(context, addSite, input)).siteId),
      }),
      updateSite: t.field({
        type: sitePayload,
        args: { input: t.arg({ type: updateSiteInput, required: true }) },
        resolve: async (_, { input }, context) =>
          sitePayloadOf(context, (await run(context, updateSite, input)).siteId),
      }),
      removeSite: t.field({
        type: removeSitePayload,
        args: { input: t.arg({ type: removeSiteInput, required: true }) },
        resolve: (_, { input }, context) => run(context, removeSite, input),
      }),
      createEnrolmentToken: t.field({
        type: tokenPayload,
        description:
          'A one-time token for a gateway of the site, with the command to paste there. Replaces an unused one.',
        args: { input: t.arg({ type: createEnrolmentTokenInput, required: true }) },
        resolve: (_, { input }, context) => run(context, createEnrolmentToken, input),
      }),
      revokeEdge: t.field({
        type: edgePayload,
        description:
          'Ends trust in an edge: its certificate is refused from now on and its tunnels are taken out of every configuration.',
        args: { input: t.arg({ type: revokeEdgeInput, required: true }) },
        resolve: async (_, { input }, context) => {
          const { edgeId } = await run(context, revokeEdge, input);
          return { edge: found(context.core.network.current.edges.get(edgeId)) };
        },
      }),
      addPeer: t.field({
        type: peerPayload,
        description: "Adds a stock WireGuard peer to a site; it reaches the site's LAN through one of its uplinks.",
        args: { input: t.arg({ type: addPeerInput, required: true }) },
        resolve: async (_, { input }, context) => {
          const { peerId } = await run(context, addPeer, input);
          const network = context.core.network.current;
          const peer = found(network.peers.get(peerId));
          return { peer, configuration: wgQuick(network, peer) };
        },
      }),
      removePeer: t.field({
        type: removePeerPayload,
        args: { input: t.arg({ type: removePeerInput, required: true }) },
        resolve: (_, { input }, context) => run(context, removePeer, input),
      }),
      acknowledgeAlarm: t.field({
        type: alarmPayload,
        args: { input: t.arg({ type: acknowledgeAlarmInput, required: true }) },
        resolve: async (_, { input }, context) => {
          const { alarmId } = await run(context, acknowledgeAlarm, input);
          return { alarm: found(context.core.alarms.all().find((alarm) => alarm.id === alarmId)) };
        },
      }),
    }),
  });
}

function sitePayloadOf(context: GraphContext, siteId: string): { site: Site } {
  return { site: found(context.core.network.current.sites.get(siteId)) };
}

/** What was just written can only be missing when someone removed it in the same moment. */
export function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('what was just written is not there any more');
  return value;
}
