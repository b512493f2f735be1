import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, parseAddress } from '@patronus/net';
import { seededNumbers } from '@patronus/testkit';
import { ApplicationMatcher } from '../matcher.ts';
import { AddressNames } from './addressNames.ts';
import { DnsAnswerReader } from './dnsAnswer.ts';

const [A, CNAME, AAAA, TXT] = [1, 5, 28, 16];

interface Answer {
  /** Text, or the place in the message that a pointer leads to. */
  readonly owner: string | number;
  readonly type: number;
  readonly ttlSeconds?: number;
  /** An address, a name, or bytes as they are. */
  readonly data: string | Uint8Array;
}

/** A DNS response, byte by byte as RFC 1035 §4 has it. */
function response(question: string, answers: readonly Answer[], { flags = 0x8180, count = answers.length } = {}) {
  const head = [0x12, 0x34, flags >>> 8, flags & 0xff, 0, 1, 0, count, 0, 0, 0, 0];
  const records = answers.flatMap(({ owner, type, ttlSeconds = 300, data }) => {
    const bytes = typeof data !== 'string' ? data : type === CNAME ? wireName(data) : parseAddress(data)!.bytes;
    const ttl = [ttlSeconds >>> 24, (ttlSeconds >>> 16) & 0xff, (ttlSeconds >>> 8) & 0xff, ttlSeconds & 0xff];
    return [...ownerBytes(owner), 0, type, 0, 1, ...ttl, 0, bytes.length, ...bytes];
  });
  return Uint8Array.from([...head, ...wireName(question), 0, 1, 0, 1, ...records]);
}

function ownerBytes(owner: string | number): Iterable<number> {
  return typeof owner === 'number' ? [0xc0 | (owner >>> 8), owner & 0xff] : wireName(owner);
}

function wireName(name: string): Uint8Array {
  return Uint8Array.from([...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0]);
}

function read(message: Uint8Array) {
  const reader = new DnsAnswerReader();
  const isAnswer = reader.read(message, 0, message.length);
  const names = reader.names
    .slice(0, reader.nameCount)
    .map((name, at) => Buffer.from(name.subarray(0, reader.nameLengths[at])).toString());
  const addresses = Array.from({ length: reader.addressCount }, (_, at) => {
    const family = reader.addressFamilies[at] as 4 | 6;
    const from = reader.addressOffsets[at]!;
    return formatAddress({ family, bytes: message.slice(from, from + (family === 4 ? 4 : 16)) });
  });
  return { isAnswer, names, addresses, ttlSeconds: reader.ttlSeconds };
}

test('addresses of both families are read, through pointers and a chain of CNAMEs in any order', () => {
  const message = response('WWW.Example.com', [
    { owner: 'edge.cdn.net', type: AAAA, data: '2001:db8::1', ttlSeconds: 60 },
    { owner: 'other.cdn.net', type: CNAME, data: 'edge.cdn.net', ttlSeconds: 900 },
    { owner: 12, type: CNAME, data: 'other.cdn.net' },
    { owner: 'edge.cdn.net', type: TXT, data: Uint8Array.of(1, 65) },
    { owner: 'edge.cdn.net', type: A, data: '192.0.2.7' },
    { owner: 'somebody.else', type: A, data: '192.0.2.8', ttlSeconds: 1 },
  ]);
  assert.deepEqual(read(message), {
    isAnswer: true,
    names: ['www.example.com', 'other.cdn.net', 'edge.cdn.net'],
    addresses: ['2001:db8::1', '192.0.2.7'],
    ttlSeconds: 60,
  });
});

test('questions, refusals, and chains and pointers that go in circles give nothing', () => {
  const one: Answer = { owner: 12, type: A, data: '192.0.2.1' };
  assert.equal(read(response('a.example', [one])).isAnswer, true);
  assert.equal(read(response('a.example', [one], { flags: 0x0100 })).isAnswer, false, 'a question');
  assert.equal(read(response('a.example', [one], { flags: 0x8183 })).isAnswer, false, 'NXDOMAIN');
  assert.equal(read(response('a.example', [])).isAnswer, false);
  const circle = [
    { owner: 12, type: CNAME, data: 'b.example' },
    { owner: 'b.example', type: CNAME, data: 'a.example' },
  ];
  assert.deepEqual(read(response('a.example', circle)).addresses, []);
  const toItself = response('a.example', [one]);
  const pointer = toItself.length - 16;
  assert.equal(toItself[pointer], 0xc0);
  assert.equal(read(toItself.with(pointer + 1, pointer)).isAnswer, false, 'a pointer to itself');
  assert.equal(read(toItself.with(pointer + 1, pointer + 2)).isAnswer, false, 'a pointer forwards');
  assert.equal(read(toItself.with(pointer + 1, 2)).isAnswer, false, 'a pointer into the header');
});

test('an answer cut short anywhere gives what stands in it whole, or nothing', () => {
  const message = response('a.example', [
    { owner: 12, type: A, data: '192.0.2.1' },
    { owner: 12, type: A, data: '192.0.2.2' },
  ]);
  const counts = Array.from(message, (_, length) => read(message.subarray(0, length)).addresses.length);
  assert.deepEqual([...new Set(counts)], [0, 1]);
  assert.equal(read(message).addresses.length, 2);
});

const zoom = { id: 'zoom', name: '', ports: [], prefixes: [], names: ['zoom.us'] };

function lookup(names: AddressNames, address: string, nowMs: number): number {
  const { family, bytes } = parseAddress(address)!;
  return names.lookup(family, bytes, 0, nowMs)[0] ?? -1;
}

test('an address is known by the name that was asked for, until its time is over, at least a minute', () => {
  const names = new AddressNames(new ApplicationMatcher([zoom]));
  const answer = response('eu.zoom.us', [
    { owner: 12, type: CNAME, data: 'x.cdn.net' },
    { owner: 'x.cdn.net', type: A, data: '192.0.2.1', ttlSeconds: 5 },
    { owner: 'x.cdn.net', type: AAAA, data: '2001:db8::1', ttlSeconds: 5 },
  ]);
  const told: string[] = [];
  const learnt = names.learn(answer, 0, answer.length, 1000, ({ family, bytes, offset, applications, lifeMs }) => {
    const address = formatAddress({ family, bytes: bytes.slice(offset, offset + (family === 4 ? 4 : 16)) });
    told.push(`${address} ${applications} ${lifeMs}`);
  });
  assert.equal(learnt, 2);
  assert.deepEqual(told, ['192.0.2.1 0 60000', '2001:db8::1 0 60000']);
  assert.equal(lookup(names, '192.0.2.1', 60_999), 0);
  assert.equal(lookup(names, '2001:db8::1', 60_999), 0);
  assert.equal(lookup(names, '192.0.2.1', 61_000), -1);
  assert.equal(lookup(names, '192.0.2.2', 1000), -1);
  const other = response('example.com', [{ owner: 12, type: A, data: '192.0.2.3' }]);
  assert.equal(names.learn(other, 0, other.length, 1000), 0, 'names of no application take no room');
  names.follow(new ApplicationMatcher([zoom]));
  assert.equal(lookup(names, '192.0.2.1', 2000), -1);
});

test('more addresses than there is room for push out those that would go first, and nothing else', () => {
  const names = new AddressNames(new ApplicationMatcher([zoom]), 64);
  for (let number = 0; number < 5000; number++) {
    const data = `10.0.${number >>> 8}.${number & 0xff}`;
    const answer = response('zoom.us', [{ owner: 12, type: A, data, ttlSeconds: 3600 }]);
    names.learn(answer, 0, answer.length, number);
    assert.equal(lookup(names, data, number), 0);
  }
});

test('a million damaged answers end in a verdict, in bounded time, and every address lies inside the message', () => {
  const good = response('www.zoom.us', [
    { owner: 12, type: CNAME, data: 'a.zoom.us' },
    { owner: 'a.zoom.us', type: A, data: '192.0.2.1' },
    { owner: 44, type: AAAA, data: '2001:db8::1' },
  ]);
  const next = seededNumbers(0xd25);
  const reader = new DnsAnswerReader();
  const bytes = Uint8Array.from(good);
  for (let round = 0; round < 1_000_000; round++) {
    bytes.set(good);
    for (let times = 1 + (next() % 3); times > 0; times--) bytes[next() % bytes.length] = next();
    const length = next() % 3 === 0 ? next() % bytes.length : bytes.length;
    reader.read(bytes, 0, length);
    for (let at = 0; at < reader.addressCount; at++) {
      if (reader.addressOffsets[at]! + (reader.addressFamilies[at] === 4 ? 4 : 16) > length) assert.fail('outside');
    }
  }
});
