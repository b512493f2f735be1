import { deepEqual, equal, ok } from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { schema } from '../../apps/controller/graphql/schema.ts';
import { mayDo } from '../../apps/controller/services/permissions.ts';
import { addSite, PASSWORD, signUp, startTestController, wireguardKey } from './fixtures/controller.ts';
import { userWith } from './fixtures/users.ts';

const limit = { timeout: 30_000 };

const sampleInputs = (ids: {
  siteId: string;
  edgeId: string;
  peerId: string;
  alarmId: string;
  policyId: string;
  uplinkId: string;
}): Record<string, object | undefined> => ({
  createFirstAdministrator: { token: 'x', name: 'Eve', email: 'eve@example.org', password: PASSWORD },
  signIn: { email: 'nobody@example.org', password: PASSWORD },
  signOut: undefined,
  addSite: {
    name: `Site ${randomBytes(3).toString('hex')}`,
    prefixes: [`10.${randomBytes(1)[0]}.0.0/24`],
    uplinks: [{ label: 'internet', interface: 'eth0' }],
  },
  updateSite: { id: ids.siteId, description: 'changed' },
  removeSite: { id: ids.siteId },
  createEnrolmentToken: { siteId: ids.siteId },
  revokeEdge: { edgeId: ids.edgeId },
  addPeer: { siteId: ids.siteId, name: 'laptop', publicKey: wireguardKey(), address: '10.1.0.9' },
  removePeer: { id: ids.peerId },
  acknowledgeAlarm: { id: ids.alarmId },
  addPolicy: { name: `Policy ${randomBytes(3).toString('hex')}`, match: {} },
  updatePolicy: { id: ids.policyId, compression: { level: 9, acknowledgeLengthLeak: true } },
  removePolicy: { id: ids.policyId },
  addSlaClass: { name: `Class ${randomBytes(3).toString('hex')}`, roundTripMs: 150 },
  updateSlaClass: { id: 'sla_none', name: 'Voice' },
  removeSlaClass: { id: 'sla_none' },
  addApplication: { name: `Application ${randomBytes(3).toString('hex')}`, ports: ['tcp/443'] },
  updateApplication: { id: 'application_none', name: 'Till' },
  removeApplication: { id: 'application_none' },
  drainUplink: { uplinkId: ids.uplinkId },
  undrainUplink: { uplinkId: ids.uplinkId },
  updateBfd: { intervalMs: 300 },
  updateSteering: { holdMs: 60_000 },
  addBfdPeer: { edgeId: ids.edgeId, address: '10.1.0.254', interface: 'eth1' },
  removeBfdPeer: { id: 'bfd_none' },
  updateBgp: { as: 65_000 },
  addBgpNeighbour: { edgeId: ids.edgeId, name: 'Core', address: '10.1.0.254', remoteAs: 65_001, interface: 'eth1' },
  updateBgpNeighbour: { id: 'bgp_none', holdSeconds: 30 },
  removeBgpNeighbour: { id: 'bgp_none' },
  addBgpAllowance: { siteId: ids.siteId, prefix: '172.16.0.0/16', longest: 24 },
  updateBgpAllowance: { id: 'allowance_none', prefix: '172.16.0.0/16' },
  removeBgpAllowance: { id: 'allowance_none' },
});

const actionOf = {
  createFirstAdministrator: 'administrator.create',
  signIn: 'session.create',
  signOut: 'session.end',
  addSite: 'site.add',
  updateSite: 'site.update',
  removeSite: 'site.remove',
  createEnrolmentToken: 'token.create',
  revokeEdge: 'edge.revoke',
  addPeer: 'peer.add',
  removePeer: 'peer.remove',
  acknowledgeAlarm: 'alarm.acknowledge',
  addPolicy: 'policy.add',
  updatePolicy: 'policy.update',
  removePolicy: 'policy.remove',
  addSlaClass: 'sla.add',
  updateSlaClass: 'sla.update',
  removeSlaClass: 'sla.remove',
  addApplication: 'application.add',
  updateApplication: 'application.update',
  removeApplication: 'application.remove',
  drainUplink: 'uplink.drain',
  undrainUplink: 'uplink.undrain',
  updateBfd: 'bfd.update',
  updateSteering: 'steering.update',
  addBfdPeer: 'bfd.peer.add',
  removeBfdPeer: 'bfd.peer.remove',
  updateBgp: 'bgp.update',
  addBgpNeighbour: 'bgp.neighbour.add',
  updateBgpNeighbour: 'bgp.neighbour.update',
  removeBgpNeighbour: 'bgp.neighbour.remove',
  addBgpAllowance: 'bgp.allowance.add',
  updateBgpAllowance: 'bgp.allowance.update',
  removeBgpAllowance: 'bgp.allowance.remove',
} as const;

function documentOf(mutation: string): string {
  const field = schema.getMutationType()!.getFields()[mutation]!;
  const input = field.args.find((argument) => argument.name === 'input');
  return input === undefined
    ? `mutation { ${mutation} }`
    : `mutation ($input: ${input.type}) { ${mutation}(input: $input) { __typename } }`;
}

test(
  'every mutation asks the one permission table, for every role, and every call by a person leaves an audit row',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    await signUp(controller);
    const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
    const ids = {
      siteId: site.id,
      edgeId: site.edges[0]!.id,
      peerId: 'peer_none',
      alarmId: 'alarm_none',
      policyId: '',
      uplinkId: site.uplinks[0]!.id,
    };
    const { addPolicy } = await controller.admin(
      'mutation { addPolicy(input: { name: "Backups", match: {} }) { policy { id } } }',
    );
    ids.policyId = addPolicy.policy.id;
    const mutations = Object.keys(schema.getMutationType()!.getFields());
    deepEqual(mutations.sort(), Object.keys(actionOf).sort(), 'each mutation of the schema is in this table');
    const { db } = controller.running.core.store;
    for (const role of [undefined, 'VIEWER', 'OPERATOR', 'ADMINISTRATOR'] as const) {
      for (const mutation of mutations.filter((name) => name !== 'removeSite' || role !== 'ADMINISTRATOR')) {
        const headers = role === undefined ? {} : await userWith(controller, role);
        const action = actionOf[mutation as keyof typeof actionOf];
        const before = await db
          .selectFrom('audit')
          .select((e) => e.fn.countAll<number>().as('count'))
          .executeTakeFirstOrThrow();
        const rows = async () => [
          await db.selectFrom('site').selectAll().execute(),
          await db.selectFrom('policy').selectAll().execute(),
          await db.selectFrom('sla_class').selectAll().execute(),
          await db.selectFrom('application').selectAll().execute(),
          await db.selectFrom('uplink').selectAll().execute(),
          await db.selectFrom('bfd_peer').selectAll().execute(),
          await db.selectFrom('bgp_neighbour').selectAll().execute(),
          await db.selectFrom('bgp_allowance').selectAll().execute(),
          await db.selectFrom('setting').selectAll().where('key', 'in', ['bfd', 'steering', 'bgp']).execute(),
        ];
        const present = await rows();
        const answer = await controller.graphql(documentOf(mutation), { input: sampleInputs(ids)[mutation] }, headers);
        const code = answer.body.errors?.[0]?.extensions.code ?? 'OK';
        const what = `${role ?? 'nobody'} ${mutation}: ${answer.text}`;
        if (mayDo(role, action)) ok(!['FORBIDDEN', 'UNAUTHENTICATED'].includes(code), what);
        else {
          equal(code, role === undefined ? 'UNAUTHENTICATED' : 'FORBIDDEN', what);
          equal(answer.status, role === undefined ? 401 : 403, what);
          deepEqual(await rows(), present, what);
        }
        if (code === 'INTERNAL' || code === 'INVALID_QUERY') throw new Error(what);
        if (role === undefined && code === 'UNAUTHENTICATED') continue;
        const log = await db.selectFrom('audit').selectAll().orderBy('number').execute();
        equal(log.length, Number(before.count) + 1, what);
        equal(log.at(-1)?.action, action);
        equal(log.at(-1)?.outcome, code, what);
      }
    }
  },
);

test('extra fields in an input, of every mutation, are refused and change nothing', limit, async (t) => {
  const controller = await startTestController(t);
  const headers = await userWith(controller, 'ADMINISTRATOR');
  const inputs = sampleInputs({ siteId: 'a', edgeId: 'a', peerId: 'a', alarmId: 'a', policyId: 'a', uplinkId: 'a' });
  for (const [mutation, input] of Object.entries(inputs).filter(([, one]) => one !== undefined)) {
    for (const extra of [{ role: 'ADMINISTRATOR' }, { organisation: 'other' }, { acknowledgedBy: 'someone else' }]) {
      const answer = await controller.graphql(documentOf(mutation), { input: { ...input, ...extra } }, headers);
      equal(answer.status, 400, `${mutation}: ${answer.text}`);
    }
  }
  const counts = await controller.admin('{ sites { totalCount } policies { totalCount } }');
  deepEqual(counts, { sites: { totalCount: 0 }, policies: { totalCount: 0 } });
});
