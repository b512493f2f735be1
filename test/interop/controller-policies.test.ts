import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { noWishes } from '../../apps/controller/services/wishes.ts';
import { openStore } from '../../apps/controller/store/open.ts';
import { addSite, siteWithEdge, startTestController, type TestController } from './fixtures/controller.ts';
import { userWith } from './fixtures/users.ts';

const limit = { timeout: 30_000 };

const ADD =
  'mutation ($input: AddPolicyInput!) { addPolicy(input: $input) { policy { id name position revision } warnings } }';
const UPDATE = `mutation ($input: UpdatePolicyInput!) {
  updatePolicy(input: $input) { policy { id revision position compression { level acknowledgedBy acknowledgedAt } } }
}`;
const REMOVE = 'mutation ($input: RemovePolicyInput!) { removePolicy(input: $input) { removedId } }';
const knowing = { level: 9, acknowledgeLengthLeak: true };

async function newPolicy(controller: TestController, name: string, more: object = {}) {
  const { addPolicy } = await controller.admin(ADD, { input: { name, match: {}, ...more } });
  return addPolicy.policy as { id: string; position: number; revision: number };
}

async function order(controller: TestController): Promise<string[]> {
  const { policies } = await controller.admin('{ policies { edges { node { name position } } } }');
  const nodes = policies.edges.map((edge: { node: { name: string; position: number } }) => edge.node);
  deepEqual(
    nodes.map((node: { position: number }) => node.position),
    nodes.map((_: unknown, index: number) => index + 1),
  );
  return nodes.map((node: { name: string }) => node.name);
}

test('a policy is at every edge in its place, as it was written', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  deepEqual((await berlin.edge.configuration()).policies, []);
  const wanted = {
    sources: ['10.1.0.0/16', '2001:DB8::/32'],
    destinations: [],
    protocol: 'TCP',
    ports: ['873', '8000-8099'],
    dscp: [8],
  };
  const backups = await newPolicy(controller, 'Backups', { match: wanted, compression: knowing });
  const voice = await newPolicy(controller, 'Voice', { match: { dscp: [46] }, position: 1 });
  const { policies } = await berlin.edge.configuration((one) => one.policies.length === 2);
  const unasked = {
    ...{ action: 'allow', breakoutUplinks: [], treatment: 'default', priority: 'normal' },
    ...{ limitPercent: null, mark: null },
  };
  deepEqual(policies, [
    { ...unasked, id: voice.id, name: 'Voice', match: { dscp: [46] }, compression: null },
    {
      ...unasked,
      id: backups.id,
      name: 'Backups',
      match: {
        sources: ['10.1.0.0/16', '2001:db8::/32'],
        protocol: 6,
        ports: [
          [873, 873],
          [8000, 8099],
        ],
        dscp: [8],
      },
      compression: 9,
    },
  ]);
  const { policy } = await controller.admin(
    `{ policy(id: "${backups.id}") { position match { sources destinations protocol ports dscp } compression { level } } }`,
  );
  deepEqual(policy, {
    position: 2,
    match: { ...wanted, sources: ['10.1.0.0/16', '2001:db8::/32'], protocol: 'tcp' },
    compression: { level: 9 },
  });
  await controller.admin(REMOVE, { input: { id: voice.id } });
  await berlin.edge.configuration((one) => one.policies.length === 1);
  deepEqual(await order(controller), ['Backups']);
});

test(
  'compression stays off until somebody says that they know what lengths tell, and the audit log keeps who did',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const headers = await userWith(controller, 'OPERATOR');
    const refused = await controller.graphql(
      ADD,
      { input: { name: 'Backups', match: {}, compression: { level: 9, acknowledgeLengthLeak: false } } },
      headers,
    );
    equal(refused.status, 422);
    const [error] = refused.body.errors;
    equal(error.extensions.code, 'ACKNOWLEDGEMENT_REQUIRED');
    for (const word of [/CRIME/, /VORACLE/, /acknowledgeLengthLeak: true/]) match(error.message, word);
    ok('compression.acknowledgeLengthLeak' in error.extensions.fields);
    deepEqual(await order(controller), []);

    const { id } = await newPolicy(controller, 'Backups');
    const change = (compression: object | null) => controller.graphql(UPDATE, { input: { id, compression } }, headers);
    equal((await change({ level: 3, acknowledgeLengthLeak: false })).status, 422);
    const before = Date.now();
    const { data } = (await change(knowing)).body;
    const { compression } = data.updatePolicy.policy;
    match(compression.acknowledgedBy, /^user_operator_.*@example\.org$/);
    ok(Date.parse(compression.acknowledgedAt) >= before);
    const log = await controller.admin(
      '{ auditLog(filter: { action: "policy.update" }) { edges { node { actor subject outcome } } } }',
    );
    const [newest, earlier] = log.auditLog.edges.map((edge: { node: object }) => edge.node);
    deepEqual(newest, {
      actor: compression.acknowledgedBy,
      subject:
        'Backups: compression level 9, acknowledged: compressing before encrypting can tell an onlooker, by lengths, what packets hold',
      outcome: 'OK',
    });
    equal(earlier.outcome, 'ACKNOWLEDGEMENT_REQUIRED');

    await controller.admin(UPDATE, { input: { id, name: 'Nightly' } });
    const kept = await controller.admin(`{ policy(id: "${id}") { name compression { level acknowledgedBy } } }`);
    deepEqual(kept.policy, {
      name: 'Nightly',
      compression: { level: 9, acknowledgedBy: compression.acknowledgedBy },
    });
    equal((await change(null)).body.data.updatePolicy.policy.compression, null);
  },
);

test('a policy that can match nothing is refused in words, at its field', limit, async (t) => {
  const controller = await startTestController(t);
  const cases = [
    ['match.ports', { ports: ['90-80'] }, /write the lower one first/],
    ['match.ports', { protocol: 'icmp', ports: ['80'] }, /has no ports/],
    ['match.ports.0', { ports: ['80; id'] }, /8000-8099/],
    ['match.ports.0', { ports: ['65536'] }, /8000-8099/],
    ['match.protocol', { protocol: 'carrier pigeon' }, /tcp, udp/],
    ['match.protocol', { protocol: '256' }, /tcp, udp/],
    ['match.protocol', { protocol: 'icmp', sources: ['fd00::/8'] }, /icmpv6/],
    ['match.sources.0', { sources: ['10.1.0.1/16'] }, /prefix/],
    ['match.destinations', { sources: ['10.0.0.0/8'], destinations: ['fd00::/8'] }, /no packet has both/],
    ['match.dscp.0', { dscp: [64] }, /from 0 to 63/],
  ] as const;
  for (const [field, wanted, words] of cases) {
    const answer = await controller.adminRaw(ADD, { input: { name: 'Wrong', match: wanted } });
    equal(answer.status, 422, JSON.stringify(wanted));
    match(answer.body.errors[0].extensions.fields[field] ?? answer.text, words);
    ok(field in answer.body.errors[0].extensions.fields, answer.text);
  }
  for (const level of [-1, 17]) {
    const compression = { level, acknowledgeLengthLeak: true };
    equal((await controller.adminRaw(ADD, { input: { name: 'Wrong', match: {}, compression } })).status, 422);
  }
  deepEqual(await order(controller), []);
});

test('a policy that an earlier one hides is let in with a warning', limit, async (t) => {
  const controller = await startTestController(t);
  await newPolicy(controller, 'Web', { match: { protocol: 'tcp', ports: ['1-1000'], destinations: ['10.0.0.0/8'] } });
  const input = { name: 'Intranet', match: { protocol: 'tcp', ports: ['443'], destinations: ['10.2.0.0/16'] } };
  const { addPolicy } = await controller.admin(ADD, { input });
  equal(addPolicy.warnings.length, 1);
  match(addPolicy.warnings[0], /Intranet gets no packet: Web/);
  const wider = { name: 'Other', match: { protocol: 'tcp', ports: ['443'] } };
  deepEqual((await controller.admin(ADD, { input: wider })).addPolicy.warnings, []);
});

test('positions stay 1 to n without gaps, whoever edits at the same time', limit, async (t) => {
  const controller = await startTestController(t);
  const names = Array.from({ length: 12 }, (_, number) => `Policy ${number}`);
  const added = await Promise.all(names.map((name) => newPolicy(controller, name, { position: 1 })));
  equal((await order(controller)).length, 12);
  await Promise.all(
    added.map(({ id }, number) =>
      number % 3 === 0
        ? controller.adminRaw(REMOVE, { input: { id } })
        : controller.adminRaw(UPDATE, { input: { id, position: 1 + ((number * 5) % 12) } }),
    ),
  );
  const left = await order(controller);
  deepEqual([...left].sort(), names.filter((_, number) => number % 3 !== 0).sort());
  const first = added[1]!;
  await controller.admin(UPDATE, { input: { id: first.id, position: 99 } });
  equal((await order(controller)).at(-1), 'Policy 1', 'behind the last is last');
  await controller.admin(UPDATE, { input: { id: first.id, position: 1 } });
  equal((await order(controller))[0], 'Policy 1');
});

test('two editors of a policy do not overwrite each other, and no two policies share a name', limit, async (t) => {
  const controller = await startTestController(t);
  const { id, revision } = await newPolicy(controller, 'Backups');
  equal((await controller.adminRaw(UPDATE, { input: { id, revision, name: 'Nightly' } })).status, 200);
  const late = await controller.adminRaw(UPDATE, { input: { id, revision, name: 'Weekly' } });
  equal(late.status, 409);
  equal(late.body.errors[0].extensions.code, 'STALE_REVISION');
  const taken = await controller.adminRaw(ADD, { input: { name: 'NIGHTLY', match: {} } });
  equal(taken.status, 409);
  match(taken.body.errors[0].extensions.fields.name, /Nightly/);
  for (const [document, input] of [
    [UPDATE, { id: 'policy_none', name: 'x' }],
    [REMOVE, { id: 'policy_none' }],
  ] as const) {
    equal((await controller.adminRaw(document, { input })).status, 404);
  }
});

test('there are at most 256 policies, and the next is refused with 422', { timeout: 60_000 }, async (t) => {
  const controller = await startTestController(t);
  const { db } = controller.running.core.store;
  const row = {
    ...noWishes,
    organisation: 'default',
    match: '{}',
    compression_level: null,
    revision: 1,
    created_at: 0,
  };
  const rows = Array.from({ length: 255 }, (_, number) => ({
    ...row,
    ...{ id: `policy_${number}`, name: `Policy ${number}`, position: number + 1 },
    ...{ acknowledged_by: null, acknowledged_at: null },
  }));
  await db.insertInto('policy').values(rows).execute();
  await newPolicy(controller, 'The last');
  const answer = await controller.adminRaw(ADD, { input: { name: 'One more', match: {} } });
  equal(answer.status, 422);
  equal(answer.body.errors[0].extensions.code, 'TOO_MANY_POLICIES');
});

test('what a line carries goes to the edge and back, and null takes it away', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const update = `mutation ($input: UpdateSiteInput!) {
    updateSite(input: $input) { site { uplinks { id label interface bitsPerSecond } } }
  }`;
  const [first, second] = berlin.site.uplinks;
  const uplinks = (bitsPerSecond?: number | null) => [
    { id: first!.id, label: 'internet', interface: 'eth0' },
    { id: second!.id, label: 'lte', interface: 'wwan0', ...(bitsPerSecond === undefined ? {} : { bitsPerSecond }) },
  ];
  const change = (rate?: number | null) =>
    controller.adminRaw(update, { input: { id: berlin.site.id, uplinks: uplinks(rate) } });
  for (const wrong of [1_000, 1.5e6 + 0.5, 1e13]) equal((await change(wrong)).status, 422, String(wrong));
  equal((await change(30_000_000)).body.data.updateSite.site.uplinks[1].bitsPerSecond, 30_000_000);
  equal((await change()).body.data.updateSite.site.uplinks[1].bitsPerSecond, 30_000_000, 'left out is left');
  const told = await berlin.edge.configuration((one) =>
    one.uplinks.some((uplink) => uplink.bitsPerSecond === 30_000_000),
  );
  equal(told.uplinks.filter((uplink) => 'bitsPerSecond' in uplink).length, 1);
  equal((await change(null)).body.data.updateSite.site.uplinks[1].bitsPerSecond, null);
});

test(
  'a controller of the release before finds its data again after the steps, with uplinks and policies',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    await addSite(controller, 'Berlin', '10.1.0.0/16');
    await newPolicy(controller, 'Nightly', { match: { dscp: [8] } });
    await controller.running.close();
    const store = await openStore(controller.directory, Date.now);
    const columns = ['action', 'breakout_labels', 'sla_class_id', 'path', 'priority', 'limit_percent', 'mark'];
    for (const column of columns) store.raw.exec(`alter table policy drop column ${column}`);
    store.raw.exec(
      `alter table uplink drop column is_drained;
     alter table uplink drop column probe_targets; alter table site drop column reach_probe;
     drop table sla_class; drop table application; drop table bfd_peer;
     drop table bgp_neighbour; drop table bgp_allowance; alter table site drop column is_reflector`,
    );
    store.raw.prepare("delete from kysely_migration where name >= '0004'").run();
    await store.close();
    const again = await controller.restart();
    const { siteByName, policies } = await again.admin(`{
    siteByName(name: "Berlin") { reachProbe uplinks { label isDrained probeTargets } }
    policies { edges { node { name action path { mode labels } priority slaClass { id } mark match { dscp } } } }
  }`);
    deepEqual(siteByName, {
      reachProbe: null,
      uplinks: [
        { label: 'internet', isDrained: false, probeTargets: [] },
        { label: 'lte', isDrained: false, probeTargets: [] },
      ],
    });
    deepEqual(policies.edges[0].node, {
      ...{ name: 'Nightly', action: 'ALLOW', path: { mode: 'CHEAPEST', labels: [] }, priority: 'NORMAL' },
      ...{ slaClass: null, mark: null, match: { dscp: [8] } },
    });
    equal((await newPolicy(again, 'Backups')).position, 2);
  },
);

test('the command line does the whole of it against a real controller', limit, async (t) => {
  const controller = await startTestController(t);
  const patronus = async (...words: string[]) => {
    const main = join(import.meta.dirname, '../../apps/cli/main.ts');
    const env = { ...process.env, PATRONUS_SOCKET: controller.running.adminSocket };
    return promisify(execFile)(process.execPath, [main, 'policy', ...words], { env, timeout: 20_000 });
  };
  const compressed = ['--protocol', 'tcp', '--port', '873', '--compress', '9'];
  await rejects(patronus('add', 'Backups', ...compressed), /CRIME.*acknowledgeLengthLeak/s);
  await patronus('add', 'Backups', ...compressed, '--acknowledge-length-leak');
  await patronus('add', 'Voice', '--dscp', '46', '--position', '1');
  await patronus('set', 'backups', '--port', 'any', '--protocol', 'any', '--destination', '10.9.0.0/16');
  const { stdout } = await patronus('list', '--json');
  const listed = JSON.parse(stdout) as { name: string; match: object; compression: { level: number } | null }[];
  deepEqual(
    listed.map(({ name, compression: lz4 }) => [name, lz4?.level]),
    [
      ['Voice', undefined],
      ['Backups', 9],
    ],
  );
  const any = { sources: [], protocol: null, ports: [], dscp: [], segment: null };
  const named = { sourceSites: [], destinationSites: [], applications: [] };
  deepEqual(listed[1]!.match, { ...any, ...named, destinations: ['10.9.0.0/16'] });
  await patronus('remove', 'Voice');
  deepEqual(await order(controller), ['Backups']);
});
