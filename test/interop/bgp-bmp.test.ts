/** What the running speaker tells monitoring stations (RFC 7854), and what one costs that never reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeUpdate } from '@patronus/bgp';
import { BgpRouter } from './fixtures/bgpRouter.ts';
import { BmpStation } from './fixtures/bmpStation.ts';
import { bulkyUpdate, feed, residentBytes } from './fixtures/bulkyRoutes.ts';
import { freePort, HandmadePeer } from './fixtures/handmadePeer.ts';
import { eventually } from './fixtures/wireWorld.ts';

const [US, PEER] = ['127.0.0.1', '127.0.0.2'] as const;
const nothing = new Uint8Array(0);
const context4 = { isFourOctetAs: true, isExternal: true };
const Type = { monitoring: 0, down: 2, up: 3, initiation: 4, termination: 5 } as const;

const yaml = (port: number, station: number) => `router: { as: 64500, identifier: ${US}, listen: ${US}, port: ${port} }
bmp: [{ address: ${US}, port: ${station}, retry: 1 }]
neighbours:
  - { name: peer, address: ${PEER}, as: 64501, passive: true, import: reject }
`;

test('a station is told who is up and what was announced, then what comes, and nothing that was malformed', async (context) => {
  const [port, stationPort] = [await freePort(), await freePort()];
  const [router, station] = [new BgpRouter(context), new BmpStation(context)];
  await router.start(yaml(port, stationPort));
  const options = { local: PEER, remote: US, port, as: 64_501, identifier: 2, holdTime: 0 };
  const peer = await HandmadePeer.establish(context, options);
  for (const at of [1, 2, 3]) peer.send(bulkyUpdate(at));
  await router.is('peer', 'known in full', ({ families }) => families[0]?.received === 3);

  await station.listen(stationPort);
  const types = () => station.messages.map(({ type }) => type);
  await eventually('the table', () =>
    station.updates.some(({ endOfRib }) => endOfRib !== undefined) ? true : undefined,
  );
  assert.deepEqual(types().slice(0, 2), [Type.initiation, Type.up]);
  const [, up] = station.messages;
  const view = new DataView(up!.body.buffer, up!.body.byteOffset);
  assert.deepEqual([...up!.body.subarray(22, 26)], [127, 0, 0, 2], 'the peer');
  assert.equal(view.getUint32(26), 64_501);
  assert.equal(view.getUint16(42 + 16), port, 'our port');
  // Before any policy of ours, as it was announced.
  assert.deepEqual(station.updates.flatMap(({ nlri }) => (nlri.length === 0 ? [] : [nlri.join('.')])).sort(), [
    '24.20.0.1',
    '24.20.0.2',
    '24.20.0.3',
  ]);
  assert.equal(station.updates[0]!.attributes.length, 4);

  const before = station.updates.length;
  peer.send(encodeUpdate({ withdrawn: Uint8Array.of(24, 20, 0, 1), nlri: nothing, attributes: [] }, context4));
  const bad = bulkyUpdate(2).slice();
  // ORIGIN of 9: treat-as-withdraw (RFC 7606 §7.1).
  bad[19 + 2 + 2 + 3] = 9;
  peer.send(bad);
  await eventually('both', () => (station.updates.length === before + 2 ? true : undefined));
  const [first, second] = station.updates.slice(before);
  assert.deepEqual([...first!.withdrawn], [24, 20, 0, 1]);
  assert.deepEqual([...second!.withdrawn], [24, 20, 0, 2]);
  assert.deepEqual([second!.nlri.length, second!.attributes.length, second!.complaints.length], [0, 0, 0]);

  peer.close();
  await eventually('the end of the session', () => (types().at(-1) === Type.down ? true : undefined));
  await router.end('SIGTERM');
  await eventually('the last word', () => (types().at(-1) === Type.termination ? true : undefined));
});

test('a station that never reads is dropped when too much waits for it, and told everything once it reads', async (context) => {
  const [port, stationPort] = [await freePort(), await freePort()];
  const [router, station] = [new BgpRouter(context), new BmpStation(context)];
  station.isListening = false;
  await station.listen(stationPort);
  await router.start(yaml(port, stationPort));
  const options = { local: PEER, remote: US, port, as: 64_501, identifier: 2, holdTime: 0 };
  const peer = await HandmadePeer.establish(context, options);
  await eventually('the station', () => (station.connections > 0 ? true : undefined));
  const before = residentBytes(router.pid);
  const COUNT = 6_000;
  await feed(peer, COUNT);
  await router.says(/BMP station 127\.0\.0\.1 port \d+ is dropped: \d+ bytes wait for it, more than \d+ are not kept/);
  await router.is('peer', 'known in full', ({ families }) => families[0]?.received === COUNT);
  const grown = residentBytes(router.pid) - before;
  assert.ok(grown < 160 * 2 ** 20, `${grown} bytes more, of them the table and 8 MB for the station`);
  station.isListening = true;
  // The connection that is not read from now is dropped when it is told of more, or by the end of the test.
  await station.close();
  await station.listen(stationPort);
  const isWhole = () => station.messages.filter(({ type }) => type === Type.monitoring).length > COUNT;
  await eventually('the whole table', () => (isWhole() ? true : undefined));
  const [report] = await router.neighbours();
  assert.deepEqual([report!.state, report!.flaps], ['Established', 0]);
  const [told] = (await router.ask({ command: 'bmp' })) as { drops: number; waitingBytes: number }[];
  assert.ok(told!.drops >= 1 && told!.waitingBytes <= 8 * 2 ** 20);
});
