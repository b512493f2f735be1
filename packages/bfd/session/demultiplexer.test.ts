import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPacket } from '../codec/control.ts';
import { FIRST_SOURCE_PORT, LAST_SOURCE_PORT, SourcePorts } from '../encapsulation.ts';
import { fast, seeded, seededDice } from '../simulation.ts';
import { Demultiplexer } from './demultiplexer.ts';
import { Session } from './session.ts';

function filled() {
  const table = new Demultiplexer(seeded(3));
  const add = (place: string) => {
    const localDiscriminator = table.freeDiscriminator();
    const session = new Session({ localDiscriminator, parameters: fast, dice: seededDice(1) });
    table.add(session, place);
    return session;
  };
  return { table, one: add('eth0 192.0.2.1'), other: add('eth0 192.0.2.2') };
}

function packetTo(yourDiscriminator: number) {
  return Object.assign(new ControlPacket(), { yourDiscriminator });
}

test('a packet that names a discriminator goes to its session, wherever it came from', () => {
  const { table, one } = filled();
  assert.equal(table.find(packetTo(one.localDiscriminator), 'eth1 198.51.100.9'), one);
  assert.equal(table.find(packetTo(one.localDiscriminator ^ 1), 'eth0 192.0.2.1'), undefined);
});

test('a packet that names none goes to the session that is configured for where it came from', () => {
  const { table, other } = filled();
  assert.equal(table.find(packetTo(0), 'eth0 192.0.2.2'), other);
  assert.equal(table.find(packetTo(0), 'eth0 192.0.2.3'), undefined);
});

test('a session that was removed is found no more, and its place can be taken by another', () => {
  const { table, one, other } = filled();
  table.add(other, 'eth0 192.0.2.1');
  table.remove(one, 'eth0 192.0.2.1');
  assert.equal(table.find(packetTo(one.localDiscriminator), ''), undefined);
  assert.equal(table.find(packetTo(0), 'eth0 192.0.2.1'), other);
  assert.equal(table.size, 1);
});

test('discriminators are random, not zero, and nobody else’s', () => {
  const numbers = [0, 5, 5, 0x8000_0000, 9];
  const table = new Demultiplexer(() => numbers.shift()!);
  const first = table.freeDiscriminator();
  table.add(new Session({ localDiscriminator: first, parameters: fast, dice: seededDice(1) }), 'a');
  assert.deepEqual([first, table.freeDiscriminator()], [5, 9]);
});

test('each session has a source port of its own in 49152…65535, until there are none left', () => {
  const ports = new SourcePorts(seeded(9));
  const taken = Array.from({ length: LAST_SOURCE_PORT - FIRST_SOURCE_PORT + 1 }, () => ports.take());
  assert.equal(new Set(taken).size, taken.length);
  assert.deepEqual([Math.min(...taken), Math.max(...taken)], [FIRST_SOURCE_PORT, LAST_SOURCE_PORT]);
  const shared = ports.take();
  assert.ok(shared >= FIRST_SOURCE_PORT && shared <= LAST_SOURCE_PORT);
  ports.release(taken[5]!);
  assert.equal(ports.take(), taken[5]);
});
