/** PDUs and the session with a cache: RFC 8210, and 6810 for version 0. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrefix } from '@patronus/net';
import { seededNumbers } from '@patronus/testkit';
import { fromHex, toHex } from '@patronus/wire';
import { type CacheEffect, CacheSession } from './cacheSession.ts';
import { checkPduHeader, decodePdu, encodePdu, type Pdu, PduType, readPduHeader, type Version } from './pdu.ts';
import { ValidatedPrefixes } from './validatedPrefixes.ts';

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''))!;

function payload(text: string, maxLength: number, as: number) {
  const prefix = parsePrefix(text);
  assert.ok(prefix.ok, text);
  const { bytes: address, length } = prefix.value;
  return { address, length, maxLength, as };
}

const prefixPdu = (text: string, maxLength: number, as: number, isAnnouncement = true): Pdu => {
  const one = payload(text, maxLength, as);
  return { type: one.address.length === 4 ? PduType.ipv4Prefix : PduType.ipv6Prefix, isAnnouncement, ...one };
};

const samples: readonly (readonly [Version, Pdu, string])[] = [
  [1, { type: 0, sessionId: 0x1234, serial: 7 }, '01 00 1234 0000000c 00000007'],
  [1, { type: 1, sessionId: 0x1234, serial: 7 }, '01 01 1234 0000000c 00000007'],
  [0, { type: 2 }, '00 02 0000 00000008'],
  [1, { type: 3, sessionId: 5 }, '01 03 0005 00000008'],
  [1, prefixPdu('192.0.2.0/24', 26, 65_001), '01 04 0000 00000014 01 18 1a 00 c0000200 0000fde9'],
  [1, prefixPdu('2001:db8::/32', 48, 1, false), `01 06 0000 00000020 00 20 30 00 20010db8 ${'00'.repeat(12)} 00000001`],
  [0, { type: 7, sessionId: 5, serial: 9, intervals: null }, '00 07 0005 0000000c 00000009'],
  [
    1,
    { type: 7, sessionId: 5, serial: 9, intervals: { refreshS: 3_600, retryS: 600, expireS: 7_200 } },
    '01 07 0005 00000018 00000009 00000e10 00000258 00001c20',
  ],
  [1, { type: 8 }, '01 08 0000 00000008'],
  [
    1,
    { type: 9, isAnnouncement: true, keyIdentifier: new Uint8Array(20).fill(7), as: 2, key: Uint8Array.of(1, 2) },
    `01 09 0100 00000022 ${'07'.repeat(20)} 00000002 0102`,
  ],
  [
    1,
    { type: 10, code: 2, pdu: hex('0102000000000008'), text: 'no' },
    '01 0a 0002 0000001a 00000008 0102000000000008 00000002 6e6f',
  ],
];

const isRefused = (bytes: Uint8Array): boolean => {
  const header = readPduHeader(bytes, 0, bytes.length);
  if (header === undefined || header.version > 1 || header.length !== bytes.length) return true;
  return checkPduHeader(header) !== undefined || !decodePdu(bytes).ok;
};

test('PDUs are the bytes of RFC 8210 §5, and are read again', () => {
  for (const [version, pdu, bytes] of samples) {
    assert.equal(toHex(encodePdu(version, pdu)), bytes.replaceAll(' ', ''));
    const decoded = decodePdu(hex(bytes));
    assert.deepEqual(decoded.ok ? decoded.value : decoded.error, pdu);
    assert.equal(isRefused(hex(bytes)), false);
  }
});

test('every truncation is refused, and lengths and prefixes that cannot be', () => {
  for (const [, , text] of samples) {
    const bytes = hex(text);
    for (let length = 0; length < bytes.length; length++) assert.equal(isRefused(bytes.slice(0, length)), true);
    const type = bytes[1]!;
    if (type === PduType.routerKey || type === PduType.errorReport) continue;
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    longer[7]! += 1;
    assert.equal(isRefused(longer), true, `type ${type} of another length`);
  }
  assert.equal(isRefused(hex('01 04 0000 00000014 01 18 10 00 c0000200 0000fde9')), true, 'longer than its maximum');
  assert.equal(isRefused(hex('01 04 0000 00000014 01 18 21 00 c0000200 0000fde9')), true, 'a maximum of 33');
  assert.equal(isRefused(hex('01 05 0000 00000008')), true, 'a type nobody knows');
  assert.equal(isRefused(hex('00 09 0000 00000022')), true, 'router keys are not of version 0');
});

/** A cache by hand. */
class Cache {
  readonly table: ValidatedPrefixes;
  readonly session: CacheSession;
  effects: CacheEffect[] = [];
  nowMs = 0;

  constructor(mostPayloads?: number) {
    this.table = new ValidatedPrefixes(mostPayloads);
    this.session = new CacheSession(0, this.table);
  }

  give(input: Parameters<CacheSession['handle']>[0]): void {
    this.effects.push(...this.session.handle(input, this.nowMs));
  }

  say(version: Version, ...pdus: Pdu[]): void {
    for (const pdu of pdus) this.give({ kind: 'bytes', bytes: encodePdu(version, pdu) });
  }

  connect(): this {
    this.give({ kind: 'start' });
    this.give({ kind: 'connected' });
    return this;
  }

  pass(spanMs: number): void {
    const endMs = this.nowMs + spanMs;
    while (this.session.deadline <= endMs) {
      this.nowMs = Math.max(this.nowMs, this.session.deadline);
      this.give({ kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  /** What was sent last, decoded, with its version. */
  get asked(): readonly [number, Pdu] | undefined {
    const sent = this.effects.findLast((effect) => effect.kind === 'send');
    if (sent?.kind !== 'send') return undefined;
    const pdu = decodePdu(sent.bytes);
    assert.ok(pdu.ok);
    return [sent.bytes[0]!, pdu.value];
  }

  kinds(): string[] {
    return this.effects.map(({ kind }) => kind);
  }
}

const end = (serial: number, refreshS = 3_600): Pdu => ({
  ...{ type: 7, sessionId: 5, serial },
  intervals: { refreshS, retryS: 600, expireS: 7_200 },
});
const response: Pdu = { type: 3, sessionId: 5 };
const ours = payload('192.0.2.0/24', 24, 65_001);
const judged = (cache: Cache) => cache.table.validate(ours.address, 24, 65_001);

function synchronized(): Cache {
  const cache = new Cache().connect();
  cache.say(1, response, prefixPdu('192.0.2.0/24', 24, 65_001), end(1));
  assert.equal(cache.session.state, 'synchronized');
  return cache;
}

test('everything is asked for at first, and counts as a whole at End of Data (§8.1)', () => {
  const cache = new Cache().connect();
  assert.deepEqual(cache.asked, [1, { type: 2 }]);
  cache.say(1, response, prefixPdu('192.0.2.0/24', 24, 65_001));
  assert.equal(judged(cache), 'not-found');
  cache.say(1, end(1));
  assert.equal(judged(cache), 'valid');
  assert.deepEqual(cache.effects.at(-1), { kind: 'changed', prefixes: [{ address: ours.address, length: 24 }] });
});

test('a notice or the refresh interval asks for what changed (§8.2)', () => {
  const cache = synchronized();
  cache.say(1, { type: 0, sessionId: 5, serial: 1 });
  assert.deepEqual(cache.asked, [1, { type: 2 }], 'nothing is new');
  cache.say(1, { type: 0, sessionId: 5, serial: 2 });
  assert.deepEqual(cache.asked, [1, { type: 1, sessionId: 5, serial: 1 }]);
  cache.say(1, response, prefixPdu('192.0.2.0/24', 24, 65_001, false), prefixPdu('192.0.2.0/24', 24, 65_009), end(2));
  assert.equal(judged(cache), 'invalid');
  cache.pass(3_600_000);
  assert.deepEqual(cache.asked, [1, { type: 1, sessionId: 5, serial: 2 }]);
  cache.say(1, { type: 8 });
  assert.deepEqual(cache.asked, [1, { type: 2 }], 'a cache that cannot say what changed says all (§8.3)');
  cache.say(1, response, end(3));
  assert.equal(judged(cache), 'not-found');
});

test('a cache that is away is tried again, and its data expires (§6)', () => {
  const cache = synchronized();
  cache.give({ kind: 'closed', reason: 'connection reset' });
  assert.equal(judged(cache), 'valid');
  cache.pass(599_999);
  assert.equal(cache.session.state, 'idle');
  cache.pass(1);
  assert.equal(cache.session.state, 'connecting');
  cache.give({ kind: 'connected' });
  assert.deepEqual(cache.asked, [1, { type: 1, sessionId: 5, serial: 1 }], 'what it has still counts');
  cache.give({ kind: 'closed' });
  cache.pass(7_200_000);
  assert.equal(judged(cache), 'not-found');
  assert.equal(
    cache.effects.some((one) => one.kind === 'failed' && /expired/.test(one.reason)),
    true,
  );
});

test('a cache of version 0 is spoken to in version 0 (§7)', () => {
  const answers = new Cache().connect();
  answers.say(0, response, prefixPdu('192.0.2.0/24', 24, 65_001), {
    type: 7,
    sessionId: 5,
    serial: 1,
    intervals: null,
  });
  assert.equal(judged(answers), 'valid');
  assert.equal(answers.session.version, 0);
  for (const refuse of [
    (cache: Cache) => cache.say(0, { type: 10, code: 4, pdu: new Uint8Array(0), text: 'no' }),
    (cache: Cache) => cache.give({ kind: 'closed' }),
  ]) {
    const cache = new Cache().connect();
    refuse(cache);
    cache.pass(1_000);
    cache.give({ kind: 'connected' });
    assert.deepEqual(cache.asked, [0, { type: 2 }]);
  }
});

test('what a cache must not say ends the connection with an Error Report, and everything is asked for anew (§12)', () => {
  const cases: readonly (readonly [string, (cache: Cache) => void, number])[] = [
    ['version 2', (cache) => cache.give({ kind: 'bytes', bytes: hex('02 03 0005 00000008') }), 4],
    ['another version', (cache) => cache.say(0, { type: 0, sessionId: 5, serial: 2 }), 8],
    ['a type nobody knows', (cache) => cache.give({ kind: 'bytes', bytes: hex('01 05 0000 00000008') }), 5],
    ['a length that cannot be', (cache) => cache.give({ kind: 'bytes', bytes: hex('01 09 0000 ffffffff') }), 0],
    ['a query', (cache) => cache.say(1, { type: 2 }), 3],
    ['a prefix nobody asked for', (cache) => cache.say(1, prefixPdu('10.0.0.0/8', 8, 1)), 0],
    [
      'an announcement twice',
      (cache) => {
        cache.say(1, { type: 0, sessionId: 5, serial: 2 }, response, prefixPdu('192.0.2.0/24', 24, 65_001));
      },
      7,
    ],
    [
      'a withdrawal of what is not there',
      (cache) => cache.say(1, { type: 0, sessionId: 5, serial: 2 }, response, prefixPdu('10.0.0.0/8', 8, 1, false)),
      6,
    ],
  ];
  for (const [name, act, code] of cases) {
    const cache = synchronized();
    act(cache);
    const asked = cache.asked?.[1];
    assert.equal(asked?.type === 10 ? asked.code : undefined, code, name);
    assert.equal(cache.session.state, 'idle', name);
    assert.equal(judged(cache), 'valid', `${name}: the last complete data counts until it expires`);
    cache.pass(600_000);
    cache.give({ kind: 'connected' });
    assert.deepEqual(cache.asked, [1, { type: 2 }], name);
  }
  const report = synchronized();
  const before = report.kinds().filter((kind) => kind === 'send').length;
  report.say(1, { type: 10, code: 1, pdu: new Uint8Array(0), text: 'sorry' });
  assert.equal(report.kinds().filter((kind) => kind === 'send').length, before, 'an error is never answered');
});

test('a cache that says more than there is room for is hung up on', () => {
  const cache = new Cache(10).connect();
  cache.say(1, response);
  for (let at = 0; at < 20; at++) cache.say(1, prefixPdu(`10.0.${at}.0/24`, 24, 1));
  assert.equal(cache.session.state, 'idle');
  assert.equal(
    cache.effects.some((one) => one.kind === 'failed' && /room/.test(one.reason)),
    true,
  );
});

test('a cache that has started anew is believed nothing of before (§5.1)', () => {
  const cache = synchronized();
  cache.say(1, { type: 0, sessionId: 6, serial: 1 });
  assert.equal(judged(cache), 'not-found');
  assert.equal(cache.session.state, 'idle');
});

test('notices before the first answer are ignored, and one without data is asked again later (§7, §8.4)', () => {
  const cache = new Cache().connect();
  cache.say(0, { type: 0, sessionId: 9, serial: 9 });
  assert.equal(cache.session.state, 'asking');
  cache.say(1, { type: 10, code: 2, pdu: new Uint8Array(0), text: '' });
  assert.equal(cache.session.state, 'idle');
  cache.pass(600_000);
  assert.equal(cache.session.state, 'connecting');
});

test('a damaged stream, chopped anyhow, never throws, and what does not come whole does not count', () => {
  const random = seededNumbers(5);
  const stream = [response, prefixPdu('192.0.2.0/24', 24, 65_001), prefixPdu('2001:db8::/32', 48, 1), end(1)].map(
    (pdu) => encodePdu(1, pdu),
  );
  const whole = Uint8Array.from(stream.flatMap((bytes) => [...bytes]));
  for (let round = 0; round < 20_000; round++) {
    const cache = new Cache().connect();
    const damaged = whole.slice();
    const flips = random() % 3;
    for (let flip = 0; flip < flips; flip++) damaged[random() % damaged.length] = random() % 256;
    for (let at = 0; at < damaged.length; ) {
      const size = 1 + (random() % 40);
      cache.give({ kind: 'bytes', bytes: damaged.subarray(at, at + size) });
      at += size;
    }
    if (flips === 0) assert.equal(judged(cache), 'valid');
    if (cache.session.state !== 'synchronized') assert.equal(cache.table.size, 0);
  }
});

test('a million mutated PDUs are read or refused, and nothing throws', () => {
  const random = seededNumbers(6);
  const all = samples.map(([, , text]) => hex(text));
  for (let round = 0; round < 1_000_000; round++) {
    const bytes = all[round % all.length]!;
    const at = random() % bytes.length;
    const before = bytes[at]!;
    bytes[at] = random() % 256;
    isRefused(bytes);
    bytes[at] = before;
  }
});
