import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Authentication, CONTROL_PORT, ControlPacket, decodeControl, MULTIHOP_PORT, Session } from '@patronus/bfd';
import { type IpAddress, parseAddress } from '@patronus/net';
import type { ForwarderEvent, ForwarderNeighbour } from '../control.ts';
import { type NeighbourDatagram, Neighbours } from './neighbours.ts';
import { readNeighbours } from './planned.ts';

const ADDRESS = '192.0.2.1';
const INTERFACE = 7;
const key = 'a secret';
const plain: ForwarderNeighbour = {
  ...{ id: 'one', address: ADDRESS, isMultihop: false, intervalMs: 50, multiplier: 3, isPassive: false },
  authentication: null,
};
const authenticated: ForwarderNeighbour = {
  ...plain,
  authentication: { type: 'meticulousKeyedSha1', keyId: 7, key },
};
const hashes = {
  md5: (bytes: Uint8Array) => createHash('md5').update(bytes).digest(),
  sha1: (bytes: Uint8Array) => createHash('sha1').update(bytes).digest(),
};
let dice = 1;
const random32 = () => {
  dice = (Math.imul(dice, 1_664_525) + 1_013_904_223) >>> 0;
  return dice;
};

/** Neighbours, and one router at the other end of a wire without delay. */
class Wire {
  now = 1_000;
  readonly events: Extract<ForwarderEvent, { type: 'bfdPeerState' }>[] = [];
  readonly ports = new Set<number>();
  readonly neighbours: Neighbours;
  readonly router: Session;
  isCut = false;
  readonly #memory = new Uint8Array(64);
  readonly #outgoing = new Uint8Array(64);

  constructor(neighbour: ForwarderNeighbour) {
    this.neighbours = new Neighbours({
      ...{ hashes, random32 },
      emit: (event) => event.type === 'bfdPeerState' && this.events.push(event),
      io: {
        outgoing: this.#outgoing,
        send: (_id, length, _to, port) => this.#toRouter(length, port),
        interfaceOf: () => INTERFACE,
        keep: () => undefined,
      },
    });
    this.router = new Session({
      ...{ localDiscriminator: 99, dice: { random32, moment: (earliest) => earliest } },
      parameters: { desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 50_000, detectMultiplier: 3 },
      ...(neighbour.authentication === null ? {} : { authentication: this.#authentication() }),
    });
    this.neighbours.configure(readNeighbours([neighbour]), this.now);
  }

  get state(): string {
    return this.neighbours.report()[0]!.session.state;
  }

  run(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now++) {
      if (this.router.deadline <= this.now) this.#fromRouter({ kind: 'tick' });
      if (this.neighbours.deadline <= this.now) this.neighbours.tick(this.now);
    }
  }

  /** What the router would say now, as it comes when nothing is wrong with it. */
  said(isFinal = false): NeighbourDatagram {
    const length = this.router.write(this.#memory, 0, isFinal);
    return {
      ...{ bytes: this.#memory, length, source: address(ADDRESS), isMultihop: this.ports.has(MULTIHOP_PORT) },
      ...{ hopLimit: 255, interfaceIndex: INTERFACE },
    };
  }

  #toRouter(length: number, port: number): void {
    this.ports.add(port);
    if (this.isCut) return;
    const packet = new ControlPacket();
    assert.equal(decodeControl(this.#outgoing, 0, length, packet), undefined);
    this.#fromRouter({ kind: 'packet', packet, bytes: this.#outgoing.slice(), offset: 0 });
  }

  #fromRouter(event: Parameters<Session['handle']>[0]): void {
    const sends = this.router.handle(event, this.now).filter((effect) => effect.kind === 'send');
    for (const { isFinal } of sends) if (!this.isCut) this.neighbours.receive(this.said(isFinal), this.now);
  }

  #authentication(): Authentication {
    const keys = [{ id: 7, secret: new TextEncoder().encode(key) }];
    return new Authentication({ type: 'meticulousKeyedSha1', hashes, firstSequence: 5, keys });
  }
}

for (const [words, neighbour, port] of [
  ['one hop away', plain, CONTROL_PORT],
  ['several hops away', { ...plain, isMultihop: true }, MULTIHOP_PORT],
  ['with a key', authenticated, CONTROL_PORT],
  ['spoken to first', { ...plain, isPassive: true }, CONTROL_PORT],
] as const) {
  test(`a router ${words} comes up, and its silence is told within the detection time`, () => {
    const wire = new Wire(neighbour);
    wire.run(4_000);
    assert.equal(wire.state, 'up');
    assert.deepEqual([...wire.ports], [port]);
    assert.equal(wire.neighbours.report()[0]!.session.detectionTimeMs, 150);
    wire.isCut = true;
    const cutMs = wire.now;
    wire.run(500);
    const down = wire.events.at(-1)!;
    assert.deepEqual([down.state, down.previous], ['down', 'up']);
    assert.ok(down.atMs - cutMs <= 151, `${down.atMs - cutMs} ms`);
    assert.match(down.reason, /^no BFD packet for 15\d ms/);
  });
}

test('a packet that cannot be the router’s changes nothing, whatever it says', () => {
  const wrongs: readonly [string, Partial<NeighbourDatagram>][] = [
    ['from one hop too far', { hopLimit: 254 }],
    ['of an unknown hop limit', { hopLimit: -1 }],
    ['from another address', { source: address('192.0.2.2') }],
    ['from an address of the other family', { source: address('::ffff:192.0.2.1') }],
    ['on another interface', { interfaceIndex: INTERFACE + 1 }],
    ['on the port of several hops', { isMultihop: true }],
  ];
  const wire = new Wire(plain);
  wire.run(4_000);
  const before = wire.events.length;
  wire.router.handle({ kind: 'disable' }, wire.now);
  for (const [words, wrong] of wrongs) {
    wire.neighbours.receive({ ...wire.said(), ...wrong }, wire.now);
    assert.equal(wire.state, 'up', words);
  }
  assert.equal(wire.events.length, before);
  const { badHopLimit, unknownDiscriminator } = wire.neighbours.discards;
  assert.deepEqual({ badHopLimit, unknownDiscriminator }, { badHopLimit: 2, unknownDiscriminator: 4 });
  wire.neighbours.receive(wire.said(), wire.now);
  assert.equal(wire.state, 'down', 'the same from the router itself is believed');
});

test('every truncation and every flipped bit of a packet with a key is refused', () => {
  const wire = new Wire(authenticated);
  wire.run(4_000);
  wire.router.handle({ kind: 'disable' }, wire.now);
  const said = wire.said();
  const bytes = said.bytes.slice();
  for (let length = 0; length < said.length; length++) wire.neighbours.receive({ ...said, bytes, length }, wire.now);
  for (let bit = 0; bit < said.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    wire.neighbours.receive({ ...said, bytes: flipped }, wire.now);
  }
  assert.equal(wire.state, 'up');
});

test('new timers keep a session, another key begins a new one, and one that goes is told so', () => {
  const wire = new Wire(plain);
  wire.run(4_000);
  const discriminator = () => wire.neighbours.report()[0]!.session.localDiscriminator;
  const before = discriminator();
  wire.neighbours.configure(readNeighbours([{ ...plain, intervalMs: 100 }]), wire.now);
  wire.run(1_000);
  assert.equal(wire.state, 'up');
  assert.equal(discriminator(), before);
  assert.equal(wire.neighbours.report()[0]!.session.transmitIntervalMs, 100);
  wire.neighbours.configure(readNeighbours([authenticated]), wire.now);
  assert.notEqual(discriminator(), before);
  assert.equal(wire.router.remoteState, 'adminDown');
  assert.equal(wire.router.state, 'down');
  wire.neighbours.configure([], wire.now);
  assert.equal(wire.neighbours.deadline, Number.POSITIVE_INFINITY);
});

test('a neighbour that is no such thing is refused in words that tell no key', () => {
  const wrongs: readonly [Partial<ForwarderNeighbour>, RegExp][] = [
    [{ address: 'router' }, /BFD peer one: router is not an IP address/],
    [{ intervalMs: 0 }, /interval of 0 ms/],
    [{ multiplier: 256 }, /multiplier 256/],
    [
      { authentication: { type: 'keyedMd5', keyId: 1, key: 'x'.repeat(17) } },
      /a key of 17 bytes, keyedMd5 takes 1 to 16/,
    ],
    [{ authentication: { type: 'keyedSha1', keyId: 256, key } }, /key id 256/],
  ];
  for (const [wrong, words] of wrongs) {
    assert.throws(
      () => readNeighbours([{ ...plain, ...wrong }]),
      (error: Error) => words.test(error.message) && !error.message.includes('xxx') && !error.message.includes(key),
    );
  }
});

function address(text: string): IpAddress {
  return parseAddress(text)!;
}
