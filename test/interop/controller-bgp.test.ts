import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { siteWithEdge, startTestController } from './fixtures/controller.ts';

test('BGP is asked for with a key that nothing answers with, refused by field where it cannot work, and removed', {
  timeout: 30_000,
}, async (t) => {
  const controller = await startTestController(t);
  await siteWithEdge(t, controller, 'Berlin', 1);
  const { sites } = await controller.admin(
    '{ sites(first: 1) { edges { node { id edges { id } prefixes { prefix } } } } }',
  );
  const { id: siteId, edges, prefixes } = sites.edges[0].node;
  const address: string = prefixes[0].prefix.replace(/\.\d+\/\d+$/, '.1');
  const add = (more: object) =>
    controller.adminRaw(
      `mutation ($input: AddBgpNeighbourInput!) { addBgpNeighbour(input: $input) { bgpNeighbour {
        id name remoteAs interface holdSeconds hasKey import { everything prefixes communities } export { everything }
        session { state } } } }`,
      { input: { edgeId: edges[0].id, name: 'Core', address, remoteAs: 65_001, interface: 'lan0', ...more } },
    );
  const own = await add({ remoteAs: 4_200_000_000 });
  equal(own.status, 409, own.text);
  match(own.body.errors[0].extensions.fields.remoteAs, /the fabric's own/);
  const far = await add({ address: '192.0.2.77' });
  match(far.body.errors[0].extensions.fields.address, /none of the site's LANs/);
  const policy = { prefixes: [{ prefix: '172.16.0.0/12', longest: 24 }], communities: ['65000:7'] };
  const added = await add({ key: 'never told', import: policy, export: { everything: true } });
  ok(!added.text.includes('never told'), added.text);
  const { id, ...neighbour } = added.body.data.addBgpNeighbour.bgpNeighbour;
  deepEqual(neighbour, {
    ...{ name: 'Core', remoteAs: 65_001, interface: 'lan0', holdSeconds: 90, hasKey: true, session: null },
    import: { everything: false, prefixes: ['172.16.0.0/12-24'], communities: ['65000:7'] },
    export: { everything: true },
  });
  const update = (more: object) =>
    controller.adminRaw(
      `mutation ($input: UpdateBgpNeighbourInput!) { updateBgpNeighbour(input: $input) { bgpNeighbour {
        id name remoteAs interface holdSeconds maxPrefixes restartAfterSeconds hasKey bfd import { prefixes } export { everything } } } }`,
      { input: { id, ...more } },
    );
  const untouched = await update({});
  equal(untouched.body.data.updateBgpNeighbour.bgpNeighbour.restartAfterSeconds, 300);
  await update({ restartAfterSeconds: 60 });
  const changed = await update({ maxPrefixes: 50, bfd: true, import: null });
  ok(!changed.text.includes('never told'), changed.text);
  deepEqual(changed.body.data.updateBgpNeighbour.bgpNeighbour, {
    ...{ id, name: 'Core', remoteAs: 65_001, interface: 'lan0', holdSeconds: 90, maxPrefixes: 50, hasKey: true },
    ...{ restartAfterSeconds: 60, bfd: true, import: null, export: { everything: true } },
  });
  const keyless = await update({ key: null });
  equal(keyless.body.data.updateBgpNeighbour.bgpNeighbour.hasKey, false);
  const refused = await update({ remoteAs: 4_200_000_000 });
  match(refused.body.errors[0].extensions.fields.remoteAs, /the fabric's own/);
  const unknown = await update({ id: 'nobody', maxPrefixes: 1 });
  equal(unknown.body.errors[0].extensions.code, 'NOT_FOUND');
  const allow = (prefix: string, longest?: number) =>
    controller.adminRaw(
      'mutation ($input: AddBgpAllowanceInput!) { addBgpAllowance(input: $input) { bgpAllowance { id text } } }',
      { input: { siteId, prefix, longest } },
    );
  const wide = await allow('0.0.0.0/0');
  match(wide.body.errors[0].extensions.fields.prefix, /cannot be allowed everything/);
  const allowed = await allow('172.16.0.0/16', 24);
  equal(allowed.body.data.addBgpAllowance.bgpAllowance.text, '172.16.0.0/16-24');
  const { id: allowanceId } = allowed.body.data.addBgpAllowance.bgpAllowance;
  const widen = (more: object) =>
    controller.adminRaw(
      `mutation ($input: UpdateBgpAllowanceInput!) { updateBgpAllowance(input: $input) { bgpAllowance {
        id text preference } } }`,
      { input: { id: allowanceId, prefix: '172.16.0.0/12', longest: 24, ...more } },
    );
  const widened = await widen({ preference: 10 });
  deepEqual(widened.body.data.updateBgpAllowance.bgpAllowance, {
    ...{ id: allowanceId, text: '172.16.0.0/12-24', preference: 10 },
  });
  const kept = await widen({ longest: 20 });
  deepEqual(kept.body.data.updateBgpAllowance.bgpAllowance, {
    ...{ id: allowanceId, text: '172.16.0.0/12-20', preference: 10 },
  });
  match((await widen({ prefix: '0.0.0.0/0' })).body.errors[0].extensions.fields.prefix, /cannot be allowed everything/);
  equal((await widen({ id: 'nobody' })).body.errors[0].extensions.code, 'NOT_FOUND');
  const seen = await controller.adminRaw(
    '{ auditLog(first: 30) { edges { node { action subject } } } bgp { as } bgpNeighbours(first: 5) { edges { node { name } } } }',
    {},
  );
  ok(!seen.text.includes('never told'));
  match(seen.text, /bgp\.neighbour\.add.*/);
  equal(seen.body.data.bgp.as, 4_200_000_000);
  const remove = (mutation: string, gone: string) =>
    controller.adminRaw(`mutation ($input: RemoveBgpInput!) { ${mutation}(input: $input) { removedId } }`, {
      input: { id: gone },
    });
  equal((await remove('removeBgpNeighbour', id)).body.data.removeBgpNeighbour.removedId, id);
  equal((await remove('removeBgpAllowance', allowanceId)).body.data.removeBgpAllowance.removedId, allowanceId);
  const { bgpNeighbours, bgpAllowances } = await controller.admin(
    '{ bgpNeighbours(first: 5) { totalCount } bgpAllowances(first: 5) { totalCount } }',
  );
  deepEqual([bgpNeighbours.totalCount, bgpAllowances.totalCount], [0, 0]);
});
