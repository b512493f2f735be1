import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Keypair } from '@patronus/wireguard';
import fc from 'fast-check';
import type { Link } from '../links.ts';
import { createMemory, MOST_SESSIONS } from '../memory.ts';
import { SessionTable } from './sessions.ts';

const keypair = (localIndex: number, fill = 1) =>
  ({ localIndex, sendKey: new Uint8Array(32).fill(fill), receiveKey: new Uint8Array(32).fill(fill + 1) }) as Keypair;
const link = (socket: number) => ({ socket }) as Link;

test('it finds what a map would find, also after removals and with indices that meet in one bucket', () => {
  const step = fc.record({
    socket: fc.nat(2),
    index: fc.constantFrom(0, 1, 8192, 16384, 8193, 0xffffffff),
    adds: fc.boolean(),
  });
  const memory = createMemory();
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const table = new SessionTable(memory);
      const naive = new Map<string, Keypair>();
      for (const { socket, index, adds } of steps) {
        const name = `${socket}/${index}`;
        const known = naive.get(name);
        if (adds && known === undefined) {
          naive.set(name, keypair(index));
          table.add(link(socket), naive.get(name)!);
        } else if (!adds && known !== undefined) {
          table.remove(known);
          naive.delete(name);
        }
        assert.equal(table.find(socket, index)?.keypair, naive.get(name));
        assert.equal(table.size, naive.size);
      }
    }),
    { numRuns: 50 },
  );
});

test('keys lie in the packet memory while the session lives, and nowhere after', () => {
  const memory = createMemory();
  const table = new SessionTable(memory);
  const pair = keypair(7, 0xaa);
  const session = table.add(link(0), pair)!;
  assert.deepEqual(memory.bytes.slice(session.sendKeyOffset, session.sendKeyOffset + 32), pair.sendKey);
  assert.deepEqual(memory.bytes.slice(session.receiveKeyOffset, session.receiveKeyOffset + 32), pair.receiveKey);
  table.remove(pair);
  assert.ok(!memory.bytes.includes(0xaa) && !memory.bytes.includes(0xab));
});

test('when all slots are taken another session is refused, and one that goes makes room', () => {
  const table = new SessionTable(createMemory());
  const pairs = Array.from({ length: MOST_SESSIONS }, (_, at) => keypair(at));
  for (const pair of pairs) assert.ok(table.add(link(0), pair));
  assert.equal(table.add(link(0), keypair(99_999)), undefined);
  table.remove(pairs[5]!);
  assert.ok(table.add(link(0), keypair(99_999)));
  assert.equal(table.find(0, 4)?.keypair, pairs[4]);
});
