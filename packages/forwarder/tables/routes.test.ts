import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prefix, prefixContains, prefixOf } from '@patronus/net';
import fc from 'fast-check';
import { buildAllowed, RouteTable, type SegmentRoute } from './routes.ts';

/** Few bits, so that prefixes nest and meet. */
const addresses = fc.tuple(fc.constant(10), fc.constantFrom(0, 128), fc.nat(3), fc.nat(3));
const prefixes: fc.Arbitrary<Prefix> = fc
  .tuple(addresses, fc.constantFrom(0, 8, 9, 16, 23, 24, 31, 32))
  .map(([bytes, length]) => prefixOf({ family: 4, bytes: Uint8Array.from(bytes) }, length));
const placed = fc.record({ segment: fc.nat(1), prefix: prefixes });

function naive(
  entries: readonly { segment: number; prefix: Prefix; name: string }[],
  segment: number,
  bytes: Uint8Array,
) {
  const holding = entries.filter(
    (entry) => entry.segment === segment && prefixContains(entry.prefix, { family: 4, bytes }),
  );
  return holding.reduce<(typeof holding)[number] | undefined>(
    // Of equal prefixes the later one counts.
    (best, entry) => (best === undefined || entry.prefix.length >= best.prefix.length ? entry : best),
    undefined,
  )?.name;
}

function tableOf(routes: readonly SegmentRoute[], local: Parameters<RouteTable['configure']>[1]): RouteTable {
  const table = new RouteTable();
  table.configure(routes, local);
  return table;
}

test('the longest prefix of the segment wins, whoever owns it, and ours among equals', () => {
  fc.assert(
    fc.property(
      fc.array(placed, { maxLength: 12 }),
      fc.array(placed, { maxLength: 6 }),
      fc.nat(1),
      addresses,
      (remote, local, segment, address) => {
        const bytes = Uint8Array.from(address);
        const routes = remote.map(
          ({ segment: of, prefix }, at): SegmentRoute => ({
            segment: of,
            prefix,
            target: { kind: 'edges', edges: Int32Array.of(at) },
          }),
        );
        const found = tableOf(routes, local).lookup(segment, 4, bytes, 0);
        const name = found?.kind === 'edges' ? `edge ${found.edges[0]}` : found?.kind;
        const entries = [
          ...remote.map((entry, at) => ({ ...entry, name: `edge ${at}` })),
          ...local.map((entry) => ({ ...entry, name: 'local' })),
        ];
        assert.equal(name, naive(entries, segment, bytes));
      },
    ),
  );
});

test('a source is allowed exactly when one of the prefixes of its segment holds it', () => {
  fc.assert(
    fc.property(fc.array(placed, { maxLength: 8 }), fc.nat(1), addresses, (allowed, segment, address) => {
      const bytes = Uint8Array.from(address);
      const expected = naive(
        allowed.map((entry) => ({ ...entry, name: 'yes' })),
        segment,
        bytes,
      );
      assert.equal(buildAllowed(allowed).lookup(segment, 4, bytes) ?? false, expected === 'yes');
    }),
  );
});

test('the address of a stock peer, which is one of our own prefixes too, leads to the peer', () => {
  const prefix = prefixOf({ family: 4, bytes: Uint8Array.of(10, 201, 0, 5) }, 32);
  const toPeer: SegmentRoute = { segment: 0, prefix, target: { kind: 'peer', links: Int32Array.of(3) } };
  const routes = tableOf([toPeer], [{ segment: 0, prefix }]);
  assert.deepEqual(routes.lookup(0, 4, prefix.bytes, 0), toPeer.target);
});

test('routes that come and go lead as a table made anew would, and a configuration counts more and leaves them', () => {
  const toEdge = (entry: { segment: number; prefix: Prefix }, edge: number) => ({
    ...entry,
    target: { kind: 'edges' as const, edges: Int32Array.of(edge) },
  });
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), route: placed, edge: fc.nat(9) }),
    fc.record({ kind: fc.constant('gone' as const), route: placed }),
    fc.record({ kind: fc.constant('configure' as const), routes: fc.array(placed, { maxLength: 4 }) }),
  );
  const keyOf = ({ segment, prefix }: { segment: number; prefix: Prefix }) =>
    `${segment} ${prefix.bytes.join('.')}/${prefix.length}`;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.array(addresses, { minLength: 5 }), (steps, probes) => {
      const table = new RouteTable();
      const learned = new Map<string, ReturnType<typeof toEdge>>();
      let configured: ReturnType<typeof toEdge>[] = [];
      for (const each of steps) {
        if (each.kind === 'configure') {
          configured = each.routes.map((route) => toEdge(route, 77));
          table.configure(configured, []);
        } else if (each.kind === 'set') {
          const route = toEdge(each.route, each.edge);
          learned.set(keyOf(route), route);
          table.learn([route], []);
        } else {
          learned.delete(keyOf(each.route));
          table.learn([], [each.route]);
        }
      }
      const anew = tableOf([...learned.values(), ...configured], []);
      for (const address of probes) {
        const bytes = Uint8Array.from(address);
        for (const segment of [0, 1]) {
          assert.deepEqual(table.lookup(segment, 4, bytes, 0), anew.lookup(segment, 4, bytes, 0));
        }
      }
    }),
  );
});
