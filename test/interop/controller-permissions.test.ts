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
  classId: string;
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
  addTrafficClass: { name: `Class ${randomBytes(3).toString('hex')}`, match: {} },
  updateTrafficClass: { id: ids.classId, compression: { level: 9, acknowledgeLengthLeak: true } },
  removeTrafficClass: { id: ids.classId },
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
  addTrafficClass: 'class.add',
  updateTrafficClass: 'class.update',
  removeTrafficClass: 'class.remove',
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
    const ids = { siteId: site.id, edgeId: site.edges[0]!.id, peerId: 'peer_none', alarmId: 'alarm_none', classId: '' };
    const { addTrafficClass } = await controller.admin(
      'mutation { addTrafficClass(input: { name: "Backups", match: {} }) { trafficClass { id } } }',
    );
    ids.classId = addTrafficClass.trafficClass.id;
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
          await db.selectFrom('traffic_class').selectAll().execute(),
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
  const inputs = sampleInputs({ siteId: 'a', edgeId: 'a', peerId: 'a', alarmId: 'a', classId: 'a' });
  for (const [mutation, input] of Object.entries(inputs).filter(([, one]) => one !== undefined)) {
    for (const extra of [{ role: 'ADMINISTRATOR' }, { organisation: 'other' }, { acknowledgedBy: 'someone else' }]) {
      const answer = await controller.graphql(documentOf(mutation), { input: { ...input, ...extra } }, headers);
      equal(answer.status, 400, `${mutation}: ${answer.text}`);
    }
  }
  const counts = await controller.admin('{ sites { totalCount } trafficClasses { totalCount } }');
  deepEqual(counts, { sites: { totalCount: 0 }, trafficClasses: { totalCount: 0 } });
});
