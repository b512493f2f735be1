/** Over the loopback interface: what the kernel tells of a datagram, and where one leaves from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Family, formatAddress, type IpAddress, parseAddress } from '@patronus/net';
import { boundInterface, openUdpSocket, POLLIN, PollSet } from '@patronus/system/linux';
import { listeners, speakerName } from '../neighbours/names.ts';
import { isOpenDescriptor } from './child.ts';
import { NeighbourSockets } from './neighbourSockets.ts';

const local: Readonly<Record<Family, IpAddress>> = { 4: parseAddress('127.0.0.1')!, 6: parseAddress('::1')! };

for (const family of [4, 6] as const) {
  test(`IPv${family}: a datagram comes with its source, hop limit and interface`, () => {
    const sockets = new NeighbourSockets();
    const listener = openUdpSocket({ family, port: 0, tellsHopLimit: true });
    const speaker = openUdpSocket({ family, port: 0, device: 'lo', hopLimit: 254 });
    const place = listeners.findIndex((one) => one.family === family && one.isMultihop);
    assert.equal(sockets.take(listeners[place]!.name, listener.fd), place);
    assert.equal(sockets.take(speakerName('one'), speaker.fd), -1);
    assert.equal(sockets.take('uplink:one:4', speaker.fd), undefined);
    assert.equal(sockets.receive(place), false);
    sockets.outgoing.set([1, 2, 3]);
    sockets.send('one', 3, local[family], listener.port);
    sockets.send('nobody', 3, local[family], listener.port);
    const poll = new PollSet(1);
    poll.set(0, listener.fd, POLLIN);
    assert.equal(poll.wait(10e9), 1);
    assert.equal(sockets.receive(place), true);
    const { bytes, length, source, hopLimit, interfaceIndex, isMultihop } = sockets.datagram;
    assert.deepEqual([...bytes.subarray(0, length)], [1, 2, 3]);
    assert.equal(formatAddress(source), formatAddress(local[family]));
    assert.deepEqual({ hopLimit, isMultihop }, { hopLimit: 254, isMultihop: true });
    assert.equal(interfaceIndex, boundInterface(speaker.fd));
    assert.equal(sockets.interfaceOf('one'), interfaceIndex);
    assert.equal(sockets.receive(place), false, 'nobody has no socket to send from');
    sockets.keep(new Set());
    assert.deepEqual([isOpenDescriptor(listener.fd), isOpenDescriptor(speaker.fd)], [false, false]);
  });
}
