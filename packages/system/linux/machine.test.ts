/** The small parts that touch the machine and need no rights: memory, polling, clock, random numbers, errors, names. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { addressesEqual, parseAddress } from '@patronus/net';
import fc from 'fast-check';
import { systemClock } from './clock.ts';
import { closeDescriptor, getOption } from './descriptors.ts';
import { unixStreamPair } from './fdPassing.ts';
import { libc } from './ffi.ts';
import { interfaceNameBytes, isInterfaceName } from './interfaceName.ts';
import { checked, errorName, LinuxError } from './linuxError.ts';
import { addressOf, fixedMemory, nativeMemory } from './memory.ts';
import { controlSpace, readControlMessages, writeAddress, writeControlHeader } from './messageHeader.ts';
import { POLLHUP, POLLIN, POLLOUT, PollSet, pollSetSize, sharpenTimers } from './poll.ts';
import { canAdministerNetwork, hasCapability } from './process.ts';
import { systemRandom } from './random.ts';
import { readSocketAddress, writeSocketAddress } from './socketAddress.ts';
import { readSysctl } from './sysctl.ts';
import { SOL_SOCKET } from './udpSocket.ts';

test('system calls write where the address says, also into a WebAssembly memory', () => {
  const [ours, theirs] = unixStreamPair();
  try {
    const { memory, bytes, address } = fixedMemory(2);
    bytes.set([1, 2, 3], 70_000);
    assert.equal(libc.write(ours, address + 70_000, 3), 3);
    assert.equal(libc.read(theirs, address + 100_000, 10), 3);
    assert.deepEqual([...bytes.subarray(100_000, 100_004)], [1, 2, 3, 0]);
    assert.throws(() => (memory as unknown as { grow(pages: number): number }).grow(1), 'it can never move');
    assert.equal(addressOf(bytes.subarray(5)), address + 5);
  } finally {
    closeDescriptor(ours);
    closeDescriptor(theirs);
  }
});

test('small arrays have an address that stays through garbage collection', () => {
  const small = nativeMemory(8);
  for (let round = 0; round < 200; round++) new Array(10_000).fill(round).map(String);
  assert.equal(addressOf(small.bytes), small.address);
});

test('polling tells which entries have news, and only those', () => {
  const [ours, theirs] = unixStreamPair();
  try {
    const poll = new PollSet(3, nativeMemory(pollSetSize(3)).bytes);
    poll.set(0, ours, POLLIN);
    poll.set(1, -1, POLLIN);
    poll.set(2, ours, POLLIN | POLLOUT);
    assert.equal(poll.wait(0), 1);
    assert.deepEqual(
      [0, 1, 2].map((index) => poll.happened(index)),
      [0, 0, POLLOUT],
    );
    const one = Uint8Array.of(1);
    libc.write(theirs, addressOf(one), 1);
    assert.equal(poll.wait(Number.POSITIVE_INFINITY), 2);
    assert.deepEqual(
      [0, 1, 2].map((index) => poll.happened(index)),
      [POLLIN, 0, POLLIN | POLLOUT],
    );
    assert.throws(() => poll.set(3, ours, POLLIN), RangeError);
    assert.throws(() => new PollSet(4, new Uint8Array(8)), RangeError);
  } finally {
    closeDescriptor(ours);
    closeDescriptor(theirs);
  }
});

test('polling sees that the other end hung up, and a wait ends no earlier than asked', () => {
  const [ours, theirs] = unixStreamPair();
  try {
    sharpenTimers();
    const poll = new PollSet(1);
    poll.set(0, ours, POLLIN);
    const before = systemClock.monotonicMs();
    assert.equal(poll.wait(3_000_000), 0);
    assert.ok(systemClock.monotonicMs() - before >= 3);
    closeDescriptor(theirs);
    assert.equal(poll.wait(5e9), 1);
    assert.equal(poll.happened(0) & POLLHUP, POLLHUP);
  } finally {
    closeDescriptor(ours);
  }
});

test('the monotonic clock is one for all processes', () => {
  const script = `import('${new URL('./clock.ts', import.meta.url)}').then((clock) => console.log(clock.systemClock.monotonicMs()))`;
  const before = systemClock.monotonicMs();
  const child = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  const after = systemClock.monotonicMs();
  const there = Number(child.stdout);
  // Each process learns its zero to within some microseconds.
  assert.ok(there > before - 1 && there < after + 1, `${before} ≤ ${there} ≤ ${after}`);
});

test('random bytes come in the length asked for and differ', () => {
  assert.equal(systemRandom.bytes(0).length, 0);
  assert.notDeepEqual(systemRandom.bytes(32), systemRandom.bytes(32));
});

test('an error says what was tried, which call failed how, and what to do', () => {
  assert.throws(
    () => checked(libc.close(-1), 'close', 'close a file'),
    (error) =>
      error instanceof LinuxError &&
      error.code === 'EBADF' &&
      error.message === 'cannot close a file: close answered EBADF',
  );
  assert.match(new LinuxError('EPERM', 'bind', 'bind port 1').message, /run as root/);
  assert.match(new LinuxError('EPERM', 'bind', 'bind port 1', 'ask Ann').message, /; ask Ann$/);
  assert.deepEqual(
    [errorName(11), errorName(95), errorName(1), errorName(99_999)],
    ['EAGAIN', 'EOPNOTSUPP', 'EPERM', 'E99999'],
  );
});

test('interface names are checked before they reach the kernel', () => {
  for (const good of ['eth0', 'wan-1', 'eth0.100', 'patronus0', 'br_lan', 'x'.repeat(15)])
    assert.ok(isInterfaceName(good), good);
  for (const bad of ['', '.', '..', 'a/b', 'a b', 'a:1', 'a\0', 'a\n', 'é', 'x'.repeat(16)])
    assert.ok(!isInterfaceName(bad), bad);
  assert.deepEqual([...interfaceNameBytes('lo')], [108, 111, ...new Array(14).fill(0)]);
  assert.throws(() => interfaceNameBytes('a/b'), RangeError);
});

test('socket addresses of both families survive being written and read', () => {
  const view = new DataView(new ArrayBuffer(64));
  for (const text of ['192.0.2.1', '2001:db8::1']) {
    const address = parseAddress(text)!;
    assert.equal(writeSocketAddress(view, 8, address, 51820), address.family === 4 ? 16 : 28);
    const read = readSocketAddress(view, 8)!;
    assert.ok(addressesEqual(read.address, address));
    assert.equal(read.port, 51820);
  }
  assert.equal(readSocketAddress(view, 0), undefined, 'another family');
});

test('control messages are read back, and a length that lies ends the list', () => {
  const view = new DataView(new ArrayBuffer(128));
  writeControlHeader(view, 0, 41, 50, 20);
  writeControlHeader(view, controlSpace(20), 1, 1, 4);
  const found = readControlMessages(view, 0, controlSpace(20) + controlSpace(4));
  assert.deepEqual(found, [
    { level: 41, type: 50, dataOffset: 16, dataLength: 20 },
    { level: 1, type: 1, dataOffset: 56, dataLength: 4 },
  ]);
  writeAddress(view, 40, 5000);
  assert.equal(readControlMessages(view, 0, 64).length, 1);
});

test('random control messages never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 128 }), (bytes) => {
      const copy = bytes.slice();
      for (const { dataOffset, dataLength } of readControlMessages(new DataView(copy.buffer), 0, copy.length)) {
        assert.ok(dataOffset + dataLength <= copy.length);
      }
    }),
  );
});

test('socket options are read back', () => {
  const [ours, theirs] = unixStreamPair();
  const SO_TYPE = 3;
  assert.equal(getOption(ours, SOL_SOCKET, SO_TYPE, 'read the type'), 1);
  for (const fd of [ours, theirs]) closeDescriptor(fd);
});

test('missing rights are named together with the way to get them', () => {
  const rights = canAdministerNetwork();
  assert.equal(rights.ok, hasCapability('netAdmin') && hasCapability('netRaw'));
  if (!rights.ok) assert.match(rights.message, /CAP_NET_ADMIN|CAP_NET_RAW/);
});

test('kernel parameters are read by path, never by one that leads elsewhere', () => {
  assert.match(readSysctl('kernel/ostype'), /^Linux$/);
  for (const path of ['../etc/passwd', '/etc/passwd', 'net//ipv4', '', 'net/./ipv4'])
    assert.throws(() => readSysctl(path), RangeError);
  assert.throws(
    () => readSysctl('net/absent'),
    (error) => error instanceof LinuxError && error.code === 'ENOENT',
  );
});
