import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  addSite,
  enrol,
  enrolmentToken,
  eventually,
  siteWithEdge,
  startTestController,
  wireguardKey,
} from './fixtures/controller.ts';

const limit = { timeout: 30_000 };

test('shell characters in names, interfaces and uplinks are refused with 422 and name the field', limit, async (t) => {
  const controller = await startTestController(t);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const good = { name: 'Berlin', prefixes: ['10.1.0.0/16'], uplinks: [{ label: 'internet', interface: 'eth0' }] };
  const cases = [
    ['name', { ...good, name: 'Berlin; rm -rf /' }],
    ['name', { ...good, name: '$(id)' }],
    ['name', { ...good, name: '-flag' }],
    ['name', { ...good, name: 'a\nb' }],
    ['uplinks.0.interface', { ...good, uplinks: [{ label: 'internet', interface: 'eth0|id' }] }],
    ['uplinks.0.label', { ...good, uplinks: [{ label: '`id`', interface: 'eth0' }] }],
    [
      'uplinks.0.publicEndpoints.0',
      { ...good, uplinks: [{ label: 'a', interface: 'eth0', publicEndpoints: ['$(id):1'] }] },
    ],
    ['prefixes.0', { ...good, prefixes: ['10.1.0.0/16; id'] }],
  ] as const;
  for (const [field, input] of cases) {
    const answer = await controller.adminRaw(add, { input });
    equal(answer.status, 422, JSON.stringify(input));
    equal(answer.body.errors[0].extensions.code, 'INVALID_INPUT');
    ok(field in answer.body.errors[0].extensions.fields, `${field}: ${answer.text}`);
  }
  equal((await controller.adminRaw(add, { input: { ...good, name: 'Łódź St. Mary_2-a' } })).status, 200);
});

test('duplicate names and the same LAN at two sites are refused with both names', limit, async (t) => {
  const controller = await startTestController(t);
  await addSite(controller, 'Berlin', '10.1.0.0/16');
  const paris = await addSite(controller, 'Paris', '10.2.0.0/16');
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const uplinks = [{ label: 'internet', interface: 'eth0' }];
  const name = await controller.adminRaw(add, { input: { name: 'berlin', prefixes: ['10.9.0.0/16'], uplinks } });
  equal(name.status, 409);
  match(name.text, /Berlin/);
  const prefix = await controller.adminRaw(add, { input: { name: 'Rome', prefixes: ['10.1.0.0/16'], uplinks } });
  equal(prefix.status, 409);
  for (const word of [/Berlin/, /Rome/, /10\.1\.0\.0\/16/]) match(prefix.body.errors[0].message, word);
  match(prefix.body.errors[0].extensions.fields.prefixes, /10\.1\.0\.0\/16 is a LAN of Berlin and of Rome/);
  const update = await controller.adminRaw(
    'mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { site { id } } }',
    {
      input: { id: paris.id, prefixes: ['10.1.0.0/16'] },
    },
  );
  equal(update.status, 409);
  const { sites } = await controller.admin('{ sites { edges { node { name prefixes { prefix } } } } }');
  deepEqual(sites.edges, [
    { node: { name: 'Berlin', prefixes: [{ prefix: '10.1.0.0/16' }] } },
    { node: { name: 'Paris', prefixes: [{ prefix: '10.2.0.0/16' }] } },
  ]);
});

test('what the fabric refuses is said at the field of the form that it is about', limit, async (t) => {
  const controller = await startTestController(t);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }';
  const good = {
    name: 'Berlin',
    prefixes: ['10.1.0.0/16'],
    uplinks: [
      { label: 'internet', interface: 'eth0', port: 51820 },
      { label: 'lte', interface: 'wwan0', port: 51821 },
    ],
  };
  const [first, second] = good.uplinks;
  const wrong = [
    { field: 'prefixes', words: /default route/, input: { prefixes: ['0.0.0.0/0'] } },
    { field: 'prefixes', words: /fabric address/, input: { prefixes: ['100.127.0.0/16'] } },
    { field: 'uplinks', words: /same UDP port/, input: { uplinks: [first, { ...second, port: 51820 }] } },
    { field: 'uplinks', words: /same interface/, input: { uplinks: [first, { ...second, interface: 'eth0' }] } },
    { field: 'uplinks', words: /own label/, input: { uplinks: [first, { ...second, label: 'Internet' }] } },
  ];
  for (const { field, words, input } of wrong) {
    const { status, body } = await controller.adminRaw(add, { input: { ...good, ...input } });
    equal(status, 409, JSON.stringify(body));
    const { fields } = body.errors[0].extensions;
    deepEqual(Object.keys(fields), [field]);
    match(fields[field], words);
  }
});

test(
  'adding or changing a site tells what about it deserves a second look, and nothing of others',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } warnings } }';
    const update = 'mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { warnings } }';
    const one = [{ label: 'internet', interface: 'eth0' }];
    const { addSite: paris } = await controller.admin(add, {
      input: { name: 'Paris', prefixes: ['10.2.0.0/16'], uplinks: one },
    });
    equal(paris.warnings.length, 1);
    match(paris.warnings[0], /Paris has one uplink/);
    const { updateSite: untouched } = await controller.admin(update, { input: { id: berlin.site.id, location: 'DE' } });
    deepEqual(untouched.warnings, []);

    await enrol(controller, await enrolmentToken(controller, paris.site.id));
    await controller.running.core.store.db
      .updateTable('uplink')
      .set({ public_key: wireguardKey() })
      .where('public_key', 'is', null)
      .execute();
    const apart = [
      { label: 'mpls-1', interface: 'eth0', domain: 'mpls' },
      { label: 'mpls-2', interface: 'eth1', domain: 'mpls' },
    ];
    const { updateSite: moved } = await controller.admin(update, { input: { id: paris.site.id, uplinks: apart } });
    deepEqual(moved.warnings, [], 'without a key of its gateway nothing is expected to reach it');
    await controller.running.core.store.db
      .updateTable('uplink')
      .set({ public_key: wireguardKey() })
      .where('public_key', 'is', null)
      .execute();
    const { updateSite: apartNow } = await controller.admin(update, { input: { id: paris.site.id, location: 'FR' } });
    equal(apartNow.warnings.length, 1);
    match(apartNow.warnings[0], /Berlin and Paris have no pair of uplinks/);
  },
);

test('a prefix written in two ways is one prefix, and two uplinks of a site need two labels', limit, async (t) => {
  const controller = await startTestController(t);
  const add = 'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { prefixes { prefix } } } }';
  const uplinks = [{ label: 'internet', interface: 'eth0' }];
  const { addSite: added } = await controller.admin(add, {
    input: { name: 'Berlin', prefixes: ['2001:DB8:0::/48'], uplinks },
  });
  deepEqual(added.site.prefixes, [{ prefix: '2001:db8::/48' }]);
  const twice = await controller.adminRaw(add, { input: { name: 'Rome', prefixes: ['2001:db8::/48'], uplinks } });
  equal(twice.status, 409);
  const labels = [...uplinks, { label: 'Internet', interface: 'eth1' }];
  const same = await controller.adminRaw(add, { input: { name: 'Rome', prefixes: ['10.2.0.0/16'], uplinks: labels } });
  equal(same.status, 409);
  match(same.text, /its own label/);
});

test('two editors do not overwrite each other', limit, async (t) => {
  const controller = await startTestController(t);
  const site = await addSite(controller, 'Berlin', '10.1.0.0/16');
  const update = 'mutation ($input: UpdateSiteInput!) { updateSite(input: $input) { site { revision } } }';
  equal(
    (await controller.adminRaw(update, { input: { id: site.id, revision: site.revision, location: 'Berlin, DE' } }))
      .status,
    200,
  );
  const late = await controller.adminRaw(update, {
    input: { id: site.id, revision: site.revision, location: 'Paris, FR' },
  });
  equal(late.status, 409);
  equal(late.body.errors[0].extensions.code, 'STALE_REVISION');
});

test(
  'a stock peer gets a wg-quick file, an address out of the LAN, and its site a new configuration',
  limit,
  async (t) => {
    const controller = await startTestController(t);
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    await berlin.edge.configuration();
    await eventually(
      () => controller.admin('{ siteByName(name: "Berlin") { uplinks { publicKey } } }'),
      (data) => data.siteByName.uplinks[0].publicKey !== null,
    );
    const add = 'mutation ($input: AddPeerInput!) { addPeer(input: $input) { peer { id address } configuration } }';
    const input = {
      siteId: berlin.site.id,
      name: 'laptop',
      publicKey: wireguardKey(),
      address: '10.1.0.200',
      presharedKey: wireguardKey(),
    };
    const { addPeer } = await controller.admin(add, { input });
    equal(addPeer.peer.address, '10.1.0.200/32');
    match(addPeer.configuration, /Address = 10\.1\.0\.200\/32/);
    match(addPeer.configuration, /AllowedIPs = 10\.1\.0\.0\/16/);
    match(addPeer.configuration, new RegExp(`Endpoint = ${berlin.uplinks[0]!.endpoints[0]!.replaceAll('.', '\\.')}`));
    ok(addPeer.configuration.includes(`PublicKey = ${berlin.uplinks[0]!.publicKey}`));
    const { peers } = await berlin.edge.configuration((one) => one.peers.length === 1);
    equal(peers[0]!.publicKey, input.publicKey);
    equal(peers[0]!.presharedKey, input.presharedKey);
    await addSite(controller, 'Paris', '10.2.0.0/16');
    const outside = await controller.adminRaw(add, {
      input: { ...input, name: 'other', publicKey: wireguardKey(), address: '10.2.0.1' },
    });
    equal(outside.status, 422);
    match(outside.text, /Paris/);
    const again = await controller.adminRaw(add, { input: { ...input, name: 'other', publicKey: wireguardKey() } });
    equal(again.status, 409);
  },
);
