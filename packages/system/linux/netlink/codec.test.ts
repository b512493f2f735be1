import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@patronus/net';
import { fromHex, toHex } from '@patronus/wire';
import fc from 'fast-check';
import { decodeAddress, encodeAddress } from './addresses.ts';
import {
  attributeText,
  attributeU32,
  decodeAcknowledgement,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  NetlinkBody,
  type NetlinkMessage,
} from './codec.ts';
import { decodeLink } from './links.ts';
import { decodeRoutes, encodeRoute } from './routes.ts';
import { decodeRule, encodeRule, type Rule } from './rules.ts';

interface Vectors {
  readonly routes: readonly string[];
  readonly rules: readonly string[];
  readonly links: readonly string[];
  readonly addrs: readonly string[];
  readonly refusal: string;
  readonly done: string;
  readonly requestByIproute2: { readonly body: string };
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('./vectors/kernel.json', import.meta.url), 'utf8'));

function messages(hex: string): NetlinkMessage[] {
  const decoded = decodeMessages(fromHex(hex)!);
  assert.ok(decoded !== undefined);
  return decoded;
}

function prefix(text: string) {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

test("the kernel's routes are read, each next hop of a multipath route as its own", () => {
  const routes = vectors.routes.flatMap((hex) => messages(hex).flatMap(decodeRoutes));
  const shown = routes.map((route) => ({
    ...route,
    prefix: formatPrefix(route.prefix),
    ...(route.gateway && { gateway: formatAddress(route.gateway) }),
    ...(route.source && { source: formatAddress(route.source) }),
  }));
  const common = { table: 51821, type: 'unicast', metric: 0 };
  assert.deepEqual(shown, [
    {
      ...common,
      prefix: '10.1.0.0/16',
      metric: 7,
      protocol: 80,
      gateway: '192.0.2.254',
      interfaceIndex: 3,
      source: '192.0.2.1',
    },
    { ...common, prefix: '10.9.0.0/16', protocol: 3, gateway: '192.0.2.7', interfaceIndex: 3 },
    { ...common, prefix: '10.9.0.0/16', protocol: 3, gateway: '192.0.2.8', interfaceIndex: 3 },
    {
      ...common,
      prefix: '2001:db8:2::/48',
      type: 'unreachable',
      metric: 4_000_000_000,
      protocol: 80,
      interfaceIndex: 1,
    },
  ]);
});

test("the kernel's rules are read, with mark, table and what is left at its default left out", () => {
  const rules = vectors.rules.flatMap((hex) => messages(hex).map(decodeRule));
  assert.deepEqual(rules, [
    { family: 4, priority: 0, action: 'lookup', table: 255, protocol: 2 },
    { family: 4, priority: 5100, action: 'lookup', table: 51821, mark: { value: 0x5041, mask: 0xffff } },
    { family: 4, priority: 32766, action: 'lookup', table: 254, protocol: 2 },
    { family: 4, priority: 32767, action: 'lookup', table: 253, protocol: 2 },
  ]);
});

test("the kernel's interfaces are read with name, kind, MTU and state", () => {
  assert.deepEqual(
    vectors.links.flatMap((hex) => messages(hex).map(decodeLink)),
    [{ index: 3, name: 'ptleft', kind: 'veth', mtu: 1500, isUp: true, hasCarrier: true }],
  );
});

test("the kernel's addresses are read, tentative ones as not usable", () => {
  const read = vectors.addrs.flatMap((hex) => messages(hex).map(decodeAddress));
  const shown = read.map(
    (one) => one && [one.interfaceIndex, formatAddress(one.address), one.prefixLength, one.scope, one.isUsable],
  );
  assert.deepEqual(shown[0], [3, '192.0.2.1', 24, 'global', true]);
  assert.deepEqual(shown[2], [3, '2001:db8::1', 64, 'global', true]);
  assert.deepEqual(shown[3]?.slice(2), [64, 'link', false]);
});

test('a request says the same as the one iproute2 makes', () => {
  const body = encodeRoute({
    prefix: prefix('10.2.0.0/16'),
    table: 51821,
    type: 'unicast',
    metric: 0,
    protocol: 80,
    gateway: parseAddress('192.0.2.9')!,
  });
  const theirs = fromHex(vectors.requestByIproute2.body)!;
  assert.equal(toHex(body.subarray(0, 12)), toHex(theirs.subarray(0, 12)));
  // Attributes come in any order.
  assert.deepEqual(decodeAttributes(body, 12), decodeAttributes(theirs, 12));
});

test('a route with several next hops is written as it is read, one for each', () => {
  for (const [text, gateways] of [
    ['10.2.0.0/16', ['192.0.2.8', '192.0.2.9', 'fe80::9']],
    ['2001:db8::/32', ['fe80::8', 'fe80::9']],
  ] as const) {
    const common = { prefix: prefix(text), table: 51821, type: 'unicast', metric: 7, protocol: 158 } as const;
    const nextHops = gateways.map((one, at) => ({ gateway: parseAddress(one)!, interfaceIndex: 3 + at, onLink: true }));
    const message = { type: 24, flags: 0, sequence: 0, port: 0, body: encodeRoute({ ...common, nextHops }) };
    const read = decodeRoutes(message);
    assert.deepEqual(
      read,
      nextHops.map((hop) => ({ ...common, ...hop })),
    );
  }
});

test("a refusal carries its number and the kernel's words, a success neither", () => {
  const [refusal] = messages(vectors.refusal) as [NetlinkMessage];
  assert.deepEqual(decodeAcknowledgement(refusal), { errorNumber: 101, message: 'Nexthop has invalid gateway' });
  assert.equal(refusal.sequence, 1);
  const [done] = messages(vectors.done) as [NetlinkMessage];
  assert.deepEqual(decodeAcknowledgement(done), { errorNumber: 0, message: undefined });
});

test('what is written for a rule or an address is read back the same', () => {
  const rule: Rule = {
    family: 6,
    priority: 77,
    action: 'lookup',
    table: 1000,
    mark: { value: 5, mask: 7 },
    from: prefix('2001:db8::/32'),
    to: prefix('2001:db8:1::/48'),
    inputInterface: 'lan0',
    outputInterface: 'wan0',
    suppressPrefixLength: 0,
    invert: true,
    protocol: 80,
  };
  const message = { type: 32, flags: 0, sequence: 9, port: 0 };
  assert.deepEqual(decodeRule({ ...message, body: encodeRule(rule) }), rule);
  const added = { interfaceIndex: 5, address: parseAddress('10.0.0.1')!, prefixLength: 8 };
  const { scope: _, isUsable, ...read } = decodeAddress({ ...message, type: 20, body: encodeAddress(added) })!;
  assert.deepEqual([read, isUsable], [added, true]);
});

test('any message survives being written and read', () => {
  const part = fc.record({
    type: fc.nat(0xffff),
    flags: fc.nat(0xffff),
    sequence: fc.nat(0xffff_ffff),
    port: fc.nat(0xffff_ffff),
    body: fc.uint8Array({ maxLength: 50 }),
  });
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const bytes = parts.flatMap((one) => [...encodeMessage(one)]);
      const read = decodeMessages(Uint8Array.from(bytes))!.map((one) => ({ ...one, body: [...one.body] }));
      assert.deepEqual(
        read,
        parts.map((one) => ({ ...one, body: [...one.body] })),
      );
    }),
  );
});

test('attributes of every length are padded and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(0xffff_ffff), fc.string(), (bytes, number, text) => {
      const body = new NetlinkBody()
        .u8(1)
        .u8(2)
        .u16(3)
        .attribute(1, bytes)
        .attributeU32(2, number)
        .attributeText(3, text)
        .attributeU8(4, 7);
      const attributes = decodeAttributes(body.bytes(), 4)!;
      assert.deepEqual([...attributes.get(1)!], [...bytes]);
      assert.equal(attributeU32(attributes, 2), number);
      assert.equal(
        attributeText(attributes, 3),
        new TextDecoder().decode(new TextEncoder().encode(text)).split('\0')[0],
      );
      assert.equal(attributeU32(attributes, 4), undefined, 'a byte is no u32');
    }),
  );
});

const decoders = [decodeRoutes, decodeRule, decodeLink, decodeAddress, decodeAcknowledgement];
const kinds = [2, 3, 16, 20, 24, 32];

function decodeAll(bytes: Uint8Array): void {
  for (const message of decodeMessages(bytes) ?? []) for (const decode of decoders) decode(message);
  for (const type of kinds)
    for (const decode of decoders) decode({ type, flags: 0x300, sequence: 0, port: 0, body: bytes });
}

test('random bytes never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeAll), { numRuns: 20_000 });
});

test('every truncation and random changes of real answers never throw', () => {
  const real = [vectors.routes, vectors.rules, vectors.links, vectors.addrs, [vectors.refusal, vectors.done]].flat();
  for (const hex of real) {
    const bytes = fromHex(hex)!;
    for (let length = 0; length < bytes.length; length++) decodeAll(bytes.subarray(0, length));
  }
  const changes = fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.constantFrom(...real), changes, (hex, edits) => {
      const bytes = fromHex(hex)!;
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      decodeAll(bytes);
    }),
    { numRuns: 20_000 },
  );
});
