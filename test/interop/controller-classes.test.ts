import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import type { ClassTelemetry, EdgeMessage, TunnelTelemetry } from '@patronus/protocol';
import { openStore } from '../../apps/controller/store/open.ts';
import { addSite, eventually, siteWithEdge, startTestController, type TestController } from './fixtures/controller.ts';
import { userWith } from './fixtures/users.ts';

const limit = { timeout: 30_000 };

const ADD =
  'mutation ($input: AddTrafficClassInput!) { addTrafficClass(input: $input) { trafficClass { id name position revision } warnings } }';
const UPDATE = `mutation ($input: UpdateTrafficClassInput!) {
  updateTrafficClass(input: $input) { trafficClass { id revision position compression { level acknowledgedBy acknowledgedAt } } }
}`;
const REMOVE = 'mutation ($input: RemoveTrafficClassInput!) { removeTrafficClass(input: $input) { removedId } }';
const knowing = { level: 9, acknowledgeLengthLeak: true };

async function addClass(controller: TestController, name: string, more: object = {}) {
  const { addTrafficClass } = await controller.admin(ADD, { input: { name, match: {}, ...more } });
  return addTrafficClass.trafficClass as { id: string; position: number; revision: number };
}

async function order(controller: TestController): Promise<string[]> {
  const { trafficClasses } = await controller.admin('{ trafficClasses { edges { node { name position } } } }');
  const nodes = trafficClasses.edges.map((edge: { node: { name: string; position: number } }) => edge.node);
  deepEqual(
    nodes.map((node: { position: number }) => node.position),
    nodes.map((_: unknown, index: number) => index + 1),
  );
  return nodes.map((node: { name: string }) => node.name);
}

test('a class is at every edge in its place, as it was written', limit, async (t) => {
  const controller = await startTestController(t);
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  deepEqual((await berlin.edge.configuration()).classes, []);
  const wanted = {
    sources: ['10.1.0.0/16', '2001:DB8::/32'],
    destinations: [],
    protocol: 'TCP',
    ports: ['873', '8000-8099'],
    dscp: [8],
  };
  const backups = await addClass(controller, 'Backups', { match: wanted, compression: knowing });
  const voice = await addClass(controller, 'Voice', { match: { dscp: [46] }, position: 1 });
  const { classes } = await berlin.edge.configuration((one) => one.classes.length === 2);
  deepEqual(classes, [
    { id: voice.id, name: 'Voice', match: { dscp: [46] }, compression: null },
    {
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
  const { trafficClass } = await controller.admin(
    `{ trafficClass(id: "${backups.id}") { position match { sources destinations protocol ports dscp } compression { level } } }`,
  );
  deepEqual(trafficClass, {
    position: 2,
    match: { ...wanted, sources: ['10.1.0.0/16', '2001:db8::/32'], protocol: 'tcp' },
    compression: { level: 9 },
  });
  await controller.admin(REMOVE, { input: { id: voice.id } });
  await berlin.edge.configuration((one) => one.classes.length === 1);
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

    const { id } = await addClass(controller, 'Backups');
    const change = (compression: object | null) => controller.graphql(UPDATE, { input: { id, compression } }, headers);
    equal((await change({ level: 3, acknowledgeLengthLeak: false })).status, 422);
    const before = Date.now();
    const { data } = (await change(knowing)).body;
    const { compression } = data.updateTrafficClass.trafficClass;
    match(compression.acknowledgedBy, /^user_operator_.*@example\.org$/);
    ok(Date.parse(compression.acknowledgedAt) >= before);
    const log = await controller.admin(
      '{ auditLog(filter: { action: "class.update" }) { edges { node { actor subject outcome } } } }',
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
    const kept = await controller.admin(`{ trafficClass(id: "${id}") { name compression { level acknowledgedBy } } }`);
    deepEqual(kept.trafficClass, {
      name: 'Nightly',
      compression: { level: 9, acknowledgedBy: compression.acknowledgedBy },
    });
    equal((await change(null)).body.data.updateTrafficClass.trafficClass.compression, null);
  },
);

test('a class that can match nothing is refused in words, at its field', limit, async (t) => {
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

test('a class that an earlier one hides is let in with a warning', limit, async (t) => {
  const controller = await startTestController(t);
  await addClass(controller, 'Web', { match: { protocol: 'tcp', ports: ['1-1000'], destinations: ['10.0.0.0/8'] } });
  const input = { name: 'Intranet', match: { protocol: 'tcp', ports: ['443'], destinations: ['10.2.0.0/16'] } };
  const { addTrafficClass } = await controller.admin(ADD, { input });
  equal(addTrafficClass.warnings.length, 1);
  match(addTrafficClass.warnings[0], /Intranet gets no packet: Web/);
  const wider = { name: 'Other', match: { protocol: 'tcp', ports: ['443'] } };
  deepEqual((await controller.admin(ADD, { input: wider })).addTrafficClass.warnings, []);
});

test('positions stay 1 to n without gaps, whoever edits at the same time', limit, async (t) => {
  const controller = await startTestController(t);
  const names = Array.from({ length: 12 }, (_, number) => `Class ${number}`);
  const added = await Promise.all(names.map((name) => addClass(controller, name, { position: 1 })));
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
  equal((await order(controller)).at(-1), 'Class 1', 'behind the last is last');
  await controller.admin(UPDATE, { input: { id: first.id, position: 1 } });
  equal((await order(controller))[0], 'Class 1');
});

test('two editors of a class do not overwrite each other, and no two classes share a name', limit, async (t) => {
  const controller = await startTestController(t);
  const { id, revision } = await addClass(controller, 'Backups');
  equal((await controller.adminRaw(UPDATE, { input: { id, revision, name: 'Nightly' } })).status, 200);
  const late = await controller.adminRaw(UPDATE, { input: { id, revision, name: 'Weekly' } });
  equal(late.status, 409);
  equal(late.body.errors[0].extensions.code, 'STALE_REVISION');
  const taken = await controller.adminRaw(ADD, { input: { name: 'NIGHTLY', match: {} } });
  equal(taken.status, 409);
  match(taken.body.errors[0].extensions.fields.name, /Nightly/);
  for (const [document, input] of [
    [UPDATE, { id: 'class_none', name: 'x' }],
    [REMOVE, { id: 'class_none' }],
  ] as const) {
    equal((await controller.adminRaw(document, { input })).status, 404);
  }
});

test('there are at most 256 classes, and the next is refused with 422', { timeout: 60_000 }, async (t) => {
  const controller = await startTestController(t);
  const { db } = controller.running.core.store;
  const row = { organisation: 'default', match: '{}', compression_level: null, revision: 1, created_at: 0 };
  const rows = Array.from({ length: 255 }, (_, number) => ({
    ...row,
    ...{ id: `class_${number}`, name: `Class ${number}`, position: number + 1 },
    ...{ acknowledged_by: null, acknowledged_at: null },
  }));
  await db.insertInto('traffic_class').values(rows).execute();
  await addClass(controller, 'The last');
  const answer = await controller.adminRaw(ADD, { input: { name: 'One more', match: {} } });
  equal(answer.status, 422);
  equal(answer.body.errors[0].extensions.code, 'TOO_MANY_CLASSES');
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

const counted = { receivedBytes: 0, sentBytes: 0, receivedPackets: 0, sentPackets: 0 };
const compression = {
  ...{ packets: 10, fromBytes: 10_000, toBytes: 4_000, skipped: 2 },
  ...{ expandedPackets: 0, expandedFromBytes: 0, expandedToBytes: 0, errors: 1 },
};

function telemetryOf(id: string, more: Partial<TunnelTelemetry>, classes: ClassTelemetry[]): EdgeMessage {
  const tunnel: TunnelTelemetry = {
    ...{ id, state: 'up', sinceMs: Date.now(), active: true, roundTripUs: 900, loss: 0, ...counted },
    ...{ lastHandshakeMs: null, remoteEndpoint: null, ...more },
  };
  const capabilities = { cipher: 'openssl', tun: 'tso4 tso6' };
  return { type: 'telemetry', wallMs: Date.now(), tunnels: [tunnel], classes, capabilities, counters: {}, dropped: 0 };
}

/** Berlin and Paris, each with an edge that can report, and one of the tunnels between them. */
async function pairOfSites(t: TestContext, controller: TestController) {
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  const paris = await siteWithEdge(t, controller, 'Paris', 2);
  const { tunnels } = await berlin.edge.configuration((one) => one.tunnels.length > 0);
  return { berlin, paris, tunnelId: tunnels[0]!.id };
}

test('what both ends report of MTU, compression, classes and offloads is shown together', limit, async (t) => {
  const controller = await startTestController(t);
  const { id } = await addClass(controller, 'Backups', { compression: knowing });
  const { berlin, paris, tunnelId } = await pairOfSites(t, controller);
  const sent = {
    ...{ id, sentPackets: 20, sentBytes: 20_000, compressedPackets: 10 },
    ...{ compressedFromBytes: 10_000, compressedToBytes: 4_000, skippedPackets: 2 },
  };
  const query = `{
    tunnel(id: "${tunnelId}") {
      mtu a { mtu } b { mtu } compression { packets bytesBefore bytesAfter ratio skippedPackets errors }
    }
    trafficClass(id: "${id}") { sentPackets sentBytes compressedBytesBefore compressedBytesAfter skippedPackets }
    siteByName(name: "Berlin") { edges { capabilities { name value } } }
  }`;
  const nothing = await controller.admin(query);
  deepEqual(nothing.tunnel, { mtu: null, a: { mtu: null }, b: { mtu: null }, compression: null });
  deepEqual(nothing.siteByName.edges[0].capabilities, []);
  equal(nothing.trafficClass.sentPackets, 0);

  berlin.edge.say(telemetryOf(tunnelId, { mtu: 1_420, compression }, [sent]));
  const one = await eventually(
    () => controller.admin(query),
    ({ tunnel }) => tunnel.compression !== null,
  );
  equal(one.tunnel.compression.ratio, 0.4);
  equal(one.tunnel.mtu, 1_420);
  const none = { ...compression, packets: 0, fromBytes: 0, toBytes: 0 };
  paris.edge.say(telemetryOf(tunnelId, { mtu: 1_392, compression: none }, [sent, { ...sent, id: null }]));
  const both = await eventually(
    () => controller.admin(query),
    ({ tunnel }) => tunnel.mtu === 1_392,
  );
  deepEqual([both.tunnel.a.mtu, both.tunnel.b.mtu].sort(), [1_392, 1_420]);
  deepEqual(both.tunnel.compression, {
    ...{ packets: 10, bytesBefore: 10_000, bytesAfter: 4_000, ratio: 0.4, skippedPackets: 4, errors: 2 },
  });
  deepEqual(both.trafficClass, {
    ...{ sentPackets: 40, sentBytes: 40_000, compressedBytesBefore: 20_000, compressedBytesAfter: 8_000 },
    skippedPackets: 4,
  });
  deepEqual(both.siteByName.edges[0].capabilities, [
    { name: 'cipher', value: 'openssl' },
    { name: 'tun', value: 'tso4 tso6' },
  ]);
  const { text } = await controller.fetch('/metrics');
  for (const line of [
    'patronus_tunnel_mtu_lowest_bytes 1392',
    'patronus_compression_packets 10',
    'patronus_compression_bytes_before 10000',
    'patronus_compression_bytes_after 4000',
    'patronus_compression_packets_skipped 4',
    'patronus_compression_errors 2',
  ]) {
    ok(text.split('\n').includes(line), line);
  }
});

test('an edge that reports impossible numbers is cut off, and nothing of it is shown', limit, async (t) => {
  const controller = await startTestController(t);
  const { berlin, tunnelId } = await pairOfSites(t, controller);
  const report = telemetryOf(tunnelId, { mtu: 1_420, compression }, []) as Extract<EdgeMessage, { type: 'telemetry' }>;
  berlin.edge.say({
    ...report,
    tunnels: [{ ...report.tunnels[0]!, compression: { ...compression, toBytes: -1e300 } }],
  });
  equal((await berlin.edge.closed).code, 4400);
  const { tunnel } = await controller.admin(`{ tunnel(id: "${tunnelId}") { mtu compression { packets } } }`);
  deepEqual(tunnel, { mtu: null, compression: null });
});

test('a controller of the release before finds its data again after the step, with its uplinks', limit, async (t) => {
  const controller = await startTestController(t);
  await addSite(controller, 'Berlin', '10.1.0.0/16');
  await controller.running.close();
  const store = await openStore(controller.directory, Date.now);
  store.raw.exec('drop table traffic_class; alter table uplink drop column bits_per_second');
  store.raw.prepare("delete from kysely_migration where name = '0002-traffic-classes'").run();
  await store.close();
  const again = await controller.restart();
  const { siteByName } = await again.admin('{ siteByName(name: "Berlin") { uplinks { label bitsPerSecond } } }');
  deepEqual(siteByName.uplinks, [
    { label: 'internet', bitsPerSecond: null },
    { label: 'lte', bitsPerSecond: null },
  ]);
  equal((await addClass(again, 'Backups')).position, 1);
});

test('the command line does the whole of it against a real controller', limit, async (t) => {
  const controller = await startTestController(t);
  const patronus = async (...words: string[]) => {
    const main = join(import.meta.dirname, '../../apps/cli/main.ts');
    const env = { ...process.env, PATRONUS_SOCKET: controller.running.adminSocket };
    return promisify(execFile)(process.execPath, [main, 'class', ...words], { env, timeout: 20_000 });
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
  deepEqual(listed[1]!.match, { sources: [], destinations: ['10.9.0.0/16'], protocol: null, ports: [], dscp: [] });
  await patronus('remove', 'Voice');
  deepEqual(await order(controller), ['Backups']);
});
