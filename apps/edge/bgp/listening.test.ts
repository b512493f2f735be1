import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parsePrefix } from '@patronus/net';
import type { BgpConfiguration } from '@patronus/protocol';
import { configurationOf } from '../configuration/fixtures.ts';
import { mainTable } from '../kernel/desired.ts';
import { tunName } from '../kernel/plan.ts';
import type { NetworkView } from '../kernel/uplinks.ts';
import { placesOf, placeText } from './listening.ts';
import { LanWays } from './ways.ts';

const link = (index: number, name: string, hasCarrier = true) => ({
  ...{ index, name, kind: '', mtu: 1500, isUp: true, hasCarrier },
});
const addressOn = (interfaceIndex: number, text: string, prefixLength = 24) => ({
  ...{ interfaceIndex, address: parseAddress(text)!, prefixLength, scope: 'global' as const, isUsable: true },
});
const route = (text: string, interfaceIndex: number, gateway?: string, metric = 0) => {
  const prefix = parsePrefix(text);
  assert.ok(prefix.ok);
  return {
    ...{ prefix: prefix.value, table: mainTable, type: 'unicast' as const, metric, protocol: 2, interfaceIndex },
    ...(gateway === undefined ? {} : { gateway: parseAddress(gateway)! }),
  };
};
const view: NetworkView = {
  links: [link(1, 'lo'), link(2, 'eth0'), link(3, 'lan0'), link(4, 'lan1', false), link(5, tunName)],
  addresses: [
    ...[addressOn(1, '127.0.0.1', 8), addressOn(2, '198.18.0.2'), addressOn(3, '10.1.0.1'), addressOn(4, '10.1.9.1')],
    ...[addressOn(3, 'fd00:1::1', 64), addressOn(5, '100.64.0.1', 32)],
  ],
  mainRoutes: [
    ...[route('0.0.0.0/0', 2, '198.18.0.1'), route('198.18.0.0/24', 2), route('10.1.0.0/24', 3)],
    ...[route('10.1.9.0/24', 4), route('10.8.0.0/16', 3, '10.1.0.254', 20), route('10.8.0.0/16', 2, '198.18.0.1', 90)],
  ],
};

const router = (address: string, name: string | null) =>
  ({ ...{ id: address, name: address, address }, interface: name }) as BgpConfiguration['neighbours'][number];
const placed = (neighbours: BgpConfiguration['neighbours'], present = view) => {
  const fabric = [{ edgeId: 'london', address: '100.64.0.2', role: 'peer' as const }];
  const bgp: BgpConfiguration = { as: 4_200_000_000, fabric, neighbours, allowances: [] };
  return placesOf({ ...configurationOf(1), bgp }, present).map(placeText);
};

test('it listens in the fabric and on the LANs of routers, each by its own interface, and on no uplink', () => {
  assert.deepEqual(placed([]), [`100.64.0.1%${tunName}`]);
  assert.deepEqual(placed([router('10.1.0.2', 'lan0')]), [`100.64.0.1%${tunName}`, '10.1.0.1%lan0']);
  assert.deepEqual(placed([router('198.18.0.1', 'eth0')]), [`100.64.0.1%${tunName}`]);
  const far = placed([router('10.8.0.1', null)]);
  assert.deepEqual(far, [`100.64.0.1%${tunName}`, '10.1.0.1%lan0', '10.1.9.1%lan1'], 'several hops away: by any LAN');
  assert.deepEqual(placed([router('fd00:1::2', 'lan0')]), [`100.64.0.1%${tunName}`, 'fd00:1::1%lan0']);
  const early = { ...view, addresses: view.addresses.filter(({ interfaceIndex }) => interfaceIndex !== 5) };
  assert.deepEqual(placed([], early), [], 'not before the TUN has its address');
  assert.deepEqual(placesOf(configurationOf(1), view), [], 'nobody speaks BGP');
});

test('a router is reached on its LAN or by a known way, never by the default route nor over a link without carrier', () => {
  const ways = new LanWays(view);
  const hop = (text: string) => {
    const found = ways.hopTo(parseAddress(text)!.bytes);
    return found && [found.interfaceIndex, [...found.gateway.bytes].join('.')];
  };
  assert.deepEqual(hop('10.1.0.2'), [3, '10.1.0.2']);
  assert.deepEqual(hop('10.8.3.4'), [3, '10.1.0.254'], 'by the lower metric');
  assert.equal(hop('203.0.113.1'), undefined, 'the default route leads out in the clear');
  assert.equal(hop('10.1.9.2'), undefined, 'no carrier');
  assert.equal(hop('10.1.0.1'), undefined, 'ourselves');
  assert.deepEqual(ways.ownNextHops(parseAddress('10.1.0.1')!), {
    ipv4: parseAddress('10.1.0.1')!.bytes,
    ipv6: parseAddress('fd00:1::1')!.bytes,
  });
});
