import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { siteWithEdge, startTestController } from './fixtures/controller.ts';

test('a router is named with a key that nothing answers with, refused where it cannot be, and removed', {
  timeout: 30_000,
}, async (t) => {
  const controller = await startTestController(t);
  await siteWithEdge(t, controller, 'Berlin', 1);
  const { sites } = await controller.admin(
    '{ sites(first: 1) { edges { node { edges { id } prefixes { prefix } } } } }',
  );
  const { edges, prefixes } = sites.edges[0].node;
  const address: string = prefixes[0].prefix.replace(/\.\d+\/\d+$/, '.1');
  const add = (more: object) =>
    controller.adminRaw(
      'mutation ($input: AddBfdPeerInput!) { addBfdPeer(input: $input) { bfdPeer { id interface intervalMs authentication keyId session { state } } } }',
      { input: { edgeId: edges[0].id, address, interface: 'lan0', ...more } },
    );
  const far = await add({ address: '192.0.2.77' });
  equal(far.status, 409, far.text);
  match(far.text, /none of the site's LANs holds the address/);
  const authentication = { type: 'METICULOUS_SHA1', keyId: 7, key: 'never told' };
  const added = await add({ authentication });
  ok(!added.text.includes('never told'));
  const { id, ...peer } = added.body.data.addBfdPeer.bfdPeer;
  const shown = { interface: 'lan0', intervalMs: 300, authentication: 'METICULOUS_SHA1', keyId: 7, session: null };
  deepEqual(peer, shown);
  const audit = await controller.adminRaw('{ auditLog(first: 5) { edges { node { action subject } } } }', {});
  ok(!audit.text.includes('never told'));
  match(audit.text, /bfd\.peer\.add/);
  const removed = await controller.adminRaw(
    'mutation ($input: RemoveBfdPeerInput!) { removeBfdPeer(input: $input) { removedId } }',
    { input: { id } },
  );
  equal(removed.body.data.removeBfdPeer.removedId, id);
  const { bfdPeers } = await controller.admin('{ bfdPeers(first: 5) { totalCount } }');
  equal(bfdPeers.totalCount, 0);
});
