/** TCP as a speaker wants it: signed with MD5, from one hop away only, and with a peer that never reads. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { formatAddress, type IpAddress } from '@patronus/net';
import { type ConnectionEvents, Connections, type ConnectRequest } from '@patronus/router/host';
import { systemClock } from '@patronus/system/linux';
import { address, enterOwnNamespace, eventually, ip, prefix, skipWithoutRoot } from './ownNamespace.ts';

before(() => {
  if (skipWithoutRoot !== false) return;
  enterOwnNamespace();
  ip('addr', 'add', '10.95.0.1/24', 'dev', 'lo');
  ip('addr', 'add', '10.95.0.2/24', 'dev', 'lo');
  ip('addr', 'add', 'fd95::1/64', 'dev', 'lo', 'nodad');
  ip('addr', 'add', 'fd95::2/64', 'dev', 'lo', 'nodad');
});

class Log implements ConnectionEvents {
  readonly lines: string[] = [];
  readonly incoming: number[] = [];
  received(connection: number, bytes: Uint8Array): void {
    this.lines.push(`received ${new TextDecoder().decode(bytes)}`);
    if (connection < 0) assert.fail();
  }
  connected(_connection: number, local: IpAddress): void {
    this.lines.push(`connected from ${formatAddress(local)}`);
  }
  accepted(connection: number, remote: IpAddress): void {
    this.incoming.push(connection);
    this.lines.push(`accepted ${formatAddress(remote)}`);
  }
  sent(_connection: number, waitingBytes: number): void {
    this.waiting = waitingBytes;
  }
  closed(_connection: number, reason: string): void {
    this.lines.push(`closed: ${reason}`);
  }
  waiting = 0;
}

const key = new TextEncoder().encode('correct horse');
const has = (log: Log, line: string) => () => log.lines.includes(line);

async function pair(
  port: number,
  listenAt: string,
  keys: Parameters<Connections['listen']>[2],
  request: Partial<ConnectRequest>,
) {
  const [there, here] = [new Log(), new Log()];
  const server = new Connections(there, systemClock.monotonicMs);
  const listener = await server.listen(address(listenAt), port, keys);
  const client = new Connections(here, systemClock.monotonicMs);
  client.connect(1, { remote: address(listenAt), port, ...request });
  return { there, here, server, client, listener };
}

for (const [family, from, to, whole] of [
  [4, '10.95.0.1', '10.95.0.2', '10.95.0.0/24'],
  [6, 'fd95::1', 'fd95::2', 'fd95::/64'],
] as const) {
  test(`IPv${family}: a connection signed with MD5 carries bytes both ways, one without the key is never there`, {
    skip: skipWithoutRoot,
  }, async () => {
    const keys = [{ peer: address(from), key }];
    const { there, here, server, client } = await pair(1_790 + family, to, keys, {
      localAddress: address(from),
      md5Key: key,
    });
    await eventually('the connection', has(here, `connected from ${from}`));
    await eventually('it to be accepted', has(there, `accepted ${from}`));
    client.send(1, new TextEncoder().encode('hello'));
    await eventually('a word', has(there, 'received hello'));
    server.send(there.incoming[0]!, new TextEncoder().encode('goodbye'));
    server.close(there.incoming[0]!);
    await eventually('the last word', has(here, 'received goodbye'));
    await eventually('the end', has(here, 'closed: the peer has closed it'));

    client.connect(2, { remote: address(to), port: 1_790 + family, localAddress: address(from) });
    client.connect(3, { remote: address(to), port: 1_790 + family, localAddress: address(from), md5Key: key.slice(1) });
    client.connect(4, { remote: address(to), port: 1_790 + family, localAddress: address(from), md5Key: key });
    await eventually('the one that has the key', () => there.incoming.length === 2);
    assert.equal(here.lines.filter((line) => line.startsWith('connected')).length, 2, 'and nobody else');
    client.close(2);
    client.close(3);
    await Promise.all([server.stop(), client.stop()]);
  });

  test(`IPv${family}: a key for a prefix holds for all who connect from it`, { skip: skipWithoutRoot }, async () => {
    const keys = [{ peer: prefix(whole), key }];
    const { there, server, client, listener } = await pair(1_800 + family, to, keys, {
      localAddress: address(from),
      md5Key: key,
    });
    await eventually('it to be accepted', has(there, `accepted ${from}`));
    listener.setKey(prefix(whole), null);
    client.connect(2, { remote: address(to), port: 1_800 + family, localAddress: address(from) });
    await eventually('one without a key, now that none is asked for', () => there.incoming.length === 2);
    await Promise.all([server.stop(), client.stop()]);
  });

  test(`IPv${family}: with TTL security only what comes from near enough is heard`, {
    skip: skipWithoutRoot,
  }, async () => {
    const near = { hops: { ttl: 255, leastTtl: 255 } };
    const { there, here, server, client } = await pair(1_810 + family, to, [], {
      ...near,
      localAddress: address(from),
    });
    await eventually('it to be accepted', () => there.incoming.length === 1);
    server.setHops(there.incoming[0]!, near.hops);
    client.send(1, new TextEncoder().encode('near'));
    await eventually('a word', has(there, 'received near'));
    client.connect(2, { remote: address(to), port: 1_810 + family, hops: { ttl: 64, leastTtl: 0 } });
    await eventually('the other', () => there.incoming.length === 2);
    server.setHops(there.incoming[1]!, near.hops);
    client.send(2, new TextEncoder().encode('far'));
    client.send(1, new TextEncoder().encode('after'));
    await eventually('what came later', has(there, 'received after'));
    assert.equal(there.lines.includes('received far'), false);
    assert.equal(here.lines.length, 2);
    await Promise.all([server.stop(), client.stop()]);
  });
}

test('where nobody listens, and where the address is not ours, is told in words', {
  skip: skipWithoutRoot,
}, async () => {
  const log = new Log();
  const client = new Connections(log, systemClock.monotonicMs);
  client.connect(1, { remote: address('10.95.0.2'), port: 1_830 });
  await eventually('a refusal', () => log.lines.some((line) => line.startsWith('closed: nobody listens there')));
  client.connect(2, { remote: address('10.95.0.2'), port: 1_830, localAddress: address('10.1.2.3') });
  await eventually('a refusal', () => log.lines.some((line) => line.includes('no interface has this address')));
});

test('what a peer does not read waits and is counted, and the kernel tells when it took some', {
  skip: skipWithoutRoot,
}, async () => {
  const { there, server, client } = await pair(1_840, '10.95.0.2', [], {});
  await eventually('it to be accepted', () => there.incoming.length === 1);
  const [connection] = there.incoming;
  const piece = new Uint8Array(65_536);
  // `client` reads, so all of it leaves in the end.
  for (let count = 0; count < 200; count++) server.send(connection!, piece);
  assert.ok(server.waitingBytes(connection!) > 0);
  await eventually('all of it to leave', () => server.waitingBytes(connection!) === 0 && there.waiting === 0);
  await Promise.all([server.stop(), client.stop()]);
});
