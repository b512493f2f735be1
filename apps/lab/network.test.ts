import assert from 'node:assert/strict';
import { test } from 'node:test';
import { layOut } from './layout.ts';
import { checkLabName, labNamePattern, maxInterfaceName } from './names.ts';
import { buildSteps } from './network.ts';
import { commandOf } from './step.ts';
import { loadTopology } from './topology.ts';

const topology = loadTopology('three-sites');
const linesOf = (lab: string, slot: number) =>
  buildSteps(layOut(topology, lab, slot)).map((step) => {
    const [program, args] = commandOf(step);
    return [program, ...args].join(' ');
  });

test('the default lab has the addresses that the guides promise', () => {
  const layout = layOut(topology, 'lab', 0);
  const [berlin, london] = layout.sites;
  assert.equal(berlin?.namespace, 'ptlab-berlin');
  assert.equal(london?.hosts[0]?.namespace, 'ptlab-london-h1');
  assert.equal(london?.hosts[0]?.address, '10.2.0.10');
  assert.deepEqual(
    berlin?.uplinks.map((uplink) => [uplink.interface, uplink.siteAddress, uplink.metric]),
    [
      ['ptinternet', '198.18.0.2', 100],
      ['ptlte', '198.18.0.6', 110],
    ],
  );
  assert.equal(layout.control.rootAddress, '198.18.15.253');
  assert.equal(layout.block, '198.18.0.0/20');
});

test('labs in different slots share no provider address and no name in the root namespace', () => {
  const [one, other] = [layOut(topology, 'lab', 0), layOut(topology, 'demo', 31)];
  assert.equal(other.block, '198.19.240.0/20');
  assert.notEqual(one.control.rootInterface, other.control.rootInterface);
  const addresses = [one, other].flatMap((lab) => lab.sites.flatMap((site) => site.uplinks.map((u) => u.siteAddress)));
  assert.equal(new Set(addresses).size, addresses.length);
});

test('a range in the topology is used as it is', () => {
  const fixed = structuredClone(topology);
  fixed.sites[0]!.uplinks[0]!.range = '198.18.200.4/30';
  const uplink = layOut(fixed, 'lab', 0).sites[0]?.uplinks[0];
  assert.deepEqual([uplink?.coreAddress, uplink?.siteAddress], ['198.18.200.5', '198.18.200.6']);
});

test('everything that is made has a name of ours, and no interface name is too long', () => {
  for (const line of linesOf('maxnames', 0)) {
    for (const [, name] of line.matchAll(/netns add (\S+)/g)) assert.match(name!, /^ptmaxnames-/);
    for (const [, name] of line.matchAll(/link add (\S+)/g)) checkInterface(name!);
    for (const [, name] of line.matchAll(/peer name (\S+)/g)) checkInterface(name!);
  }
  function checkInterface(name: string): void {
    assert.ok(name.startsWith('pt') && name.length <= maxInterfaceName, name);
  }
});

test('what touches the root namespace is one cable with its addresses and two routes', () => {
  const outside = linesOf('lab', 0).filter((line) => !/netns|-n pt/.test(line));
  assert.deepEqual(outside, [
    'ip address add 198.18.15.253/30 dev ptctl-lab',
    'ip address add fd00:c612:0:ffff::1/64 dev ptctl-lab nodad',
    'ip link set ptctl-lab up',
    'ip route add 198.18.0.0/20 via 198.18.15.254 dev ptctl-lab',
    'ip route add fd00:c612:0::/48 via fd00:c612:0:ffff::2 dev ptctl-lab',
  ]);
});

test('a gateway has a default route by each uplink, the first preferred', () => {
  const routes = linesOf('lab', 0).filter((line) => line.startsWith('ip -n ptlab-berlin route'));
  assert.deepEqual(routes, [
    'ip -n ptlab-berlin route add default via 198.18.0.1 dev ptinternet metric 100',
    'ip -n ptlab-berlin route add default via fd00:c612:0:0::1 dev ptinternet metric 100',
    'ip -n ptlab-berlin route add default via 198.18.0.5 dev ptlte metric 110',
    'ip -n ptlab-berlin route add default via fd00:c612:0:1::1 dev ptlte metric 110',
  ]);
});

test('a lab’s name cannot hold a hyphen, so that no lab’s prefix begins another’s', () => {
  for (const name of ['a-b', '', 'UPPER', 'ninechars', '1st', 'a;b', 'a b']) {
    assert.ok(!labNamePattern.test(name));
    assert.throws(() => checkLabName(name), /is no name for a lab/);
  }
  assert.equal(checkLabName('demo2'), 'demo2');
});
