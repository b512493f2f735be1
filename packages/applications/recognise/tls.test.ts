import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type ConnectionOptions, connect } from 'node:tls';
import { seededNumbers } from '@patronus/testkit';
import { Verdict } from './clientHello.ts';
import { FlowNames, NO_TICKET } from './flowNames.ts';
import type { QuicCrypto } from './quicKeys.ts';
import { TlsStreamReader } from './tlsRecords.ts';

const noCrypto = {} as QuicCrypto;
const TCP = 6;

/** What a real TLS client sends first, over a loopback connection to somebody who only listens. */
async function helloOf(options: ConnectionOptions): Promise<Uint8Array> {
  const received = Promise.withResolvers<Uint8Array>();
  const server = createServer((socket: Socket) =>
    socket.once('data', (bytes) => received.resolve(Uint8Array.from(bytes))),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const client = connect({ host: '127.0.0.1', port, ...options }).on('error', () => undefined);
  const bytes = await received.promise;
  client.destroy();
  server.close();
  return bytes;
}

/** A TCP segment: a header of 20 bytes, and what it carries. */
function segment(sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(20 + payload.length);
  new DataView(bytes.buffer).setUint32(4, sequence);
  bytes[12] = 5 << 4;
  bytes.set(payload, 20);
  return bytes;
}

function read(bytes: Uint8Array): { verdict: Verdict; name: string } {
  const reader = new TlsStreamReader();
  const verdict = reader.push(bytes, 0, bytes.length);
  return { verdict, name: Buffer.from(reader.hello.name.subarray(0, reader.hello.nameLength)).toString() };
}

const versions: ConnectionOptions[] = [
  { servername: 'Teams.Microsoft.com' },
  { servername: 'teams.microsoft.com', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
  { servername: 'teams.microsoft.com', ALPNProtocols: ['h2', 'http/1.1'], ecdhCurve: 'X25519:P-256:P-384' },
];

test('the name in the hello of a real TLS client is found, whole or cut at every byte', async () => {
  for (const options of versions) {
    const hello = await helloOf(options);
    assert.deepEqual(read(hello), { verdict: Verdict.found, name: 'teams.microsoft.com' });
    for (let cut = 1; cut < hello.length; cut++) {
      const reader = new TlsStreamReader();
      const first = reader.push(hello, 0, cut);
      const verdict = first === Verdict.pending ? reader.push(hello, cut, hello.length) : first;
      assert.equal(verdict, Verdict.found);
      assert.equal(
        Buffer.from(reader.hello.name.subarray(0, reader.hello.nameLength)).toString(),
        'teams.microsoft.com',
      );
    }
  }
});

test('a hello without a name, and what is no hello, give none', async () => {
  assert.equal(read(await helloOf({ servername: '' })).verdict, Verdict.none);
  assert.equal(read(Buffer.from('GET / HTTP/1.1\r\n\r\n')).verdict, Verdict.none);
  assert.equal(read(Uint8Array.of(22, 3, 3, 0, 4, 2, 0, 0, 0)).verdict, Verdict.none);
  assert.equal(read(Uint8Array.of(22, 3, 3, 0, 0)).verdict, Verdict.none);
});

test('a flow is followed over its segments: retransmissions are passed over, a gap ends it', async () => {
  const hello = await helloOf(versions[0]!);
  const [a, b, c] = [hello.subarray(0, 20), hello.subarray(20, 60), hello.subarray(60)];
  const start = 0xffff_fff0;
  const names = new FlowNames({ crypto: noCrypto });
  const observe = (ticket: number, bytes: Uint8Array) => names.observe(ticket, TCP, bytes, 0, bytes.length);

  assert.equal(observe(NO_TICKET, segment(start - 1, new Uint8Array(0))), Verdict.pending, 'the opening says nothing');
  assert.equal(names.ticket, NO_TICKET);
  assert.equal(observe(NO_TICKET, segment(start, a)), Verdict.pending);
  const { ticket } = names;
  assert.notEqual(ticket, NO_TICKET);
  assert.equal(observe(ticket, segment(start, a)), Verdict.pending, 'the same again');
  assert.equal(observe(ticket, segment(start + 10, hello.subarray(10, 60))), Verdict.pending, 'overlapping');
  assert.equal(observe(ticket, segment(start + 60, c)), Verdict.found);
  assert.equal(Buffer.from(names.name.subarray(0, names.nameLength)).toString(), 'teams.microsoft.com');
  assert.equal(observe(ticket, segment(start + 60, c)), Verdict.none, 'its ticket is used up');

  assert.equal(observe(NO_TICKET, segment(7, a)), Verdict.pending);
  assert.equal(observe(names.ticket, segment(7 + 60, c)), Verdict.none);
  assert.equal(observe(NO_TICKET, segment(7 + 20, b)), Verdict.none, 'no hello begins like this');
});

test('places are few: the oldest flow makes room, and what it still holds leads nowhere', async () => {
  const hello = await helloOf(versions[0]!);
  const names = new FlowNames({ crypto: noCrypto, tlsFlows: 4 });
  const begin = (sequence: number) => {
    const bytes = segment(sequence, hello.subarray(0, 30));
    assert.equal(names.observe(NO_TICKET, TCP, bytes, 0, bytes.length), Verdict.pending);
    return names.ticket;
  };
  const finish = (ticket: number, sequence: number) => {
    const bytes = segment(sequence + 30, hello.subarray(30));
    return names.observe(ticket, TCP, bytes, 0, bytes.length);
  };
  const tickets = [1, 2, 3, 4, 5].map(begin);
  assert.equal(new Set(tickets).size, 5);
  // A flow whose hello fits one packet needs no place.
  const whole = segment(9, hello);
  assert.equal(names.observe(NO_TICKET, TCP, whole, 0, whole.length), Verdict.found);
  assert.deepEqual(
    tickets.map((ticket, at) => finish(ticket, at + 1)),
    [Verdict.none, Verdict.found, Verdict.found, Verdict.found, Verdict.found],
  );
});

test('a million damaged hellos, in pieces, end in a verdict and never in an exception', async () => {
  const hellos = await Promise.all(versions.map(helloOf));
  const next = seededNumbers(0x7155);
  const reader = new TlsStreamReader();
  const scratch = new Uint8Array(4096);
  for (let round = 0; round < 1_000_000; round++) {
    const hello = hellos[next() % hellos.length]!;
    scratch.set(hello);
    for (let times = 1 + (next() % 3); times > 0; times--) scratch[next() % hello.length] = next();
    const length = next() % 3 === 0 ? next() % hello.length : hello.length;
    const cut = next() % (length + 1);
    reader.reset();
    if (reader.push(scratch, 0, cut) === Verdict.pending) reader.push(scratch, cut, length);
    if (reader.hello.nameLength > 253) assert.fail('a name that is too long');
  }
});
