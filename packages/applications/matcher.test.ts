import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '@patronus/net';
import fc from 'fast-check';
import type { Application } from './application.ts';
import { ApplicationSet, MOST_APPLICATIONS } from './applicationSet.ts';
import { catalogue } from './catalogue/catalogue.ts';
import { ApplicationMatcher } from './matcher.ts';
import { canonicalName } from './names.ts';

const nothing = { ports: [], prefixes: [], names: [] };

function ids(matcher: ApplicationMatcher, numbers: readonly number[]): string[] {
  return numbers.map((number) => matcher.applications[number]!.id);
}

function byName(matcher: ApplicationMatcher, name: string): string[] {
  const bytes = Buffer.from(`..${name}..`);
  return ids(matcher, matcher.byName(bytes, 2, name.length));
}

test('a name is known by the longest name that it is or lies below, then by those around that one', () => {
  const matcher = new ApplicationMatcher([
    { ...nothing, id: 'wide', name: '', names: ['example.com'] },
    { ...nothing, id: 'narrow', name: '', names: ['*.Meet.Example.com.'] },
    { ...nothing, id: 'other', name: '', names: ['le.com', 'example.org'] },
  ]);
  assert.deepEqual(byName(matcher, 'a.b.meet.example.com'), ['narrow', 'wide']);
  assert.deepEqual(byName(matcher, 'MEET.example.COM'), ['narrow', 'wide']);
  assert.deepEqual(byName(matcher, 'xmeet.example.com'), ['wide']);
  assert.deepEqual(byName(matcher, 'example.com'), ['wide']);
  assert.deepEqual(byName(matcher, 'notexample.com'), []);
  assert.deepEqual(byName(matcher, 'com'), []);
  assert.deepEqual(byName(matcher, ''), []);
  assert.deepEqual(byName(matcher, 'example com'), []);
});

test('a port is known by the narrowest range first, and an address by the longest prefix first', () => {
  const matcher = new ApplicationMatcher([
    { ...nothing, id: 'wide', name: '', ports: [{ protocol: 17, first: 1000, last: 65535 }], prefixes: ['10.0.0.0/8'] },
    {
      ...nothing,
      id: 'narrow',
      name: '',
      ports: [{ protocol: 17, first: 5060, last: 5061 }],
      prefixes: ['10.1.0.0/16'],
    },
    { ...nothing, id: 'same', name: '', ports: [{ protocol: 6, first: 5060, last: 5060 }], prefixes: ['10.1.0.0/16'] },
  ]);
  assert.deepEqual(ids(matcher, matcher.byPort(17, 5061)), ['narrow', 'wide']);
  assert.deepEqual(ids(matcher, matcher.byPort(17, 5062)), ['wide']);
  assert.deepEqual(ids(matcher, matcher.byPort(17, 65535)), ['wide']);
  assert.deepEqual(ids(matcher, matcher.byPort(17, 0)), []);
  assert.deepEqual(ids(matcher, matcher.byPort(6, 5060)), ['same']);
  assert.deepEqual(ids(matcher, matcher.byPort(47, 5060)), []);
  const address = parseAddress('10.1.2.3')!.bytes;
  assert.deepEqual(ids(matcher, matcher.byAddress(4, address)), ['narrow', 'same', 'wide']);
  assert.deepEqual(ids(matcher, matcher.byAddress(4, parseAddress('10.2.2.3')!.bytes)), ['wide']);
  assert.deepEqual(ids(matcher, matcher.byAddress(6, parseAddress('::1')!.bytes)), []);
});

test('look-ups answer as a plain search through the list does', () => {
  const label = fc.constantFrom('a', 'b', 'cc', 'd-e');
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const application: fc.Arbitrary<Application> = fc.record({
    id: fc.constant('x'),
    name: fc.constant('x'),
    prefixes: fc.constant([]),
    names: fc.array(name, { maxLength: 3 }),
    ports: fc.array(
      fc.tuple(fc.constantFrom(6 as const, 17 as const), fc.nat(40), fc.nat(10)).map(([protocol, first, more]) => {
        return { protocol, first, last: first + more };
      }),
      { maxLength: 3 },
    ),
  });
  fc.assert(
    fc.property(fc.array(application, { maxLength: 12 }), name, fc.nat(60), (applications, asked, port) => {
      const matcher = new ApplicationMatcher(applications);
      const numbers = applications.map((_, number) => number);
      const namesakes = numbers.filter((number) =>
        applications[number]!.names.some((own) => own === asked || asked.endsWith(`.${own}`)),
      );
      assert.deepEqual([...matcher.byName(Buffer.from(asked), 0, asked.length)].sort(), namesakes.sort());
      const atPort = numbers.filter((number) =>
        applications[number]!.ports.some((range) => range.protocol === 6 && range.first <= port && port <= range.last),
      );
      assert.deepEqual([...matcher.byPort(6, port)].sort(), atPort.sort());
    }),
  );
});

test('the whole catalogue is told apart by its own ports and names', () => {
  const matcher = new ApplicationMatcher(catalogue);
  for (const { id, ports, names } of catalogue) {
    for (const { protocol, first, last } of ports) {
      assert.ok(ids(matcher, matcher.byPort(protocol, first)).includes(id), id);
      assert.ok(ids(matcher, matcher.byPort(protocol, last)).includes(id), id);
    }
    for (const name of names) assert.equal(byName(matcher, `eu01.${name}`)[0], id);
  }
});

test('a set of applications meets another one only where they share one', () => {
  const number = fc.nat(MOST_APPLICATIONS - 1);
  fc.assert(
    fc.property(fc.array(number), fc.array(number), (a, b) => {
      const [one, other] = [new ApplicationSet(), new ApplicationSet()];
      one.add([...a, -1, MOST_APPLICATIONS]);
      other.add(b);
      assert.equal(
        one.meets(other),
        a.some((each) => b.includes(each)),
      );
      assert.ok(a.every((each) => one.has(each)));
      assert.equal(one.isEmpty, a.length === 0);
      one.clear();
      assert.ok(one.isEmpty);
    }),
  );
});

test('a name that is none is refused, and what is one has one spelling', () => {
  assert.equal(canonicalName('*.Zoom.US.'), 'zoom.us');
  assert.equal(canonicalName('_sip._tcp.example.com'), '_sip._tcp.example.com');
  for (const wrong of ['', '.', 'a..b', '-a.com', 'a-.com', '192.0.2.1', 'ü.de', `${'a'.repeat(64)}.de`, 'a b.de']) {
    assert.equal(canonicalName(wrong), undefined, wrong);
  }
  assert.equal(canonicalName(`${'a.'.repeat(126)}aa`), undefined);
});
