/**
 * A peer that sends malformed UPDATEs for as long as its session lives (attacks 24 and 27): the speaker goes on, the routes
 * of others stay, and what a third one is told is in order. PATRONUS_LONG=1: a million of them.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { attribute, decodeUpdate, encodeUpdate, HEADER_LENGTH, MessageType, type PathAttribute } from '@patronus/bgp';
import { seededNumbers } from '@patronus/testkit';
import { BgpRouter } from './fixtures/bgpRouter.ts';
import { residentBytes } from './fixtures/bulkyRoutes.ts';
import { freePort, HandmadePeer } from './fixtures/handmadePeer.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { enterOwnNamespace, ip, skipWithoutRoot } from './ownNamespace.ts';

const [US, GOOD, EVIL, THIRD] = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'] as const;
const KEPT = 10_000;
const MALFORMED = process.env.PATRONUS_LONG === '1' ? 1_000_000 : 50_000;
/** Mutants that are sent at once. */
const BATCH = 500;
const SEED = 7;
const nothing = new Uint8Array(0);
const negotiated = { isFourOctetAs: true, isExternal: true, addPath: new Set<number>() };

before(() => {
  if (skipWithoutRoot !== false) return;
  enterOwnNamespace();
  // Where the next hops are.
  ip('link', 'add', 'ptmal', 'type', 'veth', 'peer', 'name', 'ptmal2');
  for (const device of ['ptmal', 'ptmal2']) ip('link', 'set', device, 'up');
  ip('addr', 'add', '192.0.2.254/24', 'dev', 'ptmal');
});

const path = (as: number) => attribute(2, [{ type: 'sequence', numbers: [as, 65_001] }]);

/** 10.x.y.0/24 of the good one. */
function good(at: number): Uint8Array {
  const nlri = Uint8Array.of(24, 10, at >>> 8, at & 0xff);
  const attributes = [attribute(1, 'igp'), path(64_501), attribute(3, Uint8Array.of(192, 0, 2, 1))];
  return encodeUpdate({ withdrawn: nothing, nlri, attributes }, negotiated);
}

/** 100.64.x.0/24 of the evil one, with as many kinds of attributes as an IPv4 route can have. */
function whole(at: number): Uint8Array {
  const unknown: PathAttribute = { code: 'unknown', number: 99, flags: 0xc0, value: Uint8Array.of(1, 2, 3) };
  const attributes = [
    ...[attribute(1, 'egp'), path(64_502), attribute(3, Uint8Array.of(192, 0, 2, 2)), attribute(4, 7)],
    ...[attribute(6, null), attribute(7, { as: 65_001, address: Uint8Array.of(192, 0, 2, 9) })],
    ...[attribute(8, [0x0001_0002]), attribute(16, [new Uint8Array(8).fill(1)])],
    ...[attribute(32, [{ global: 64_502, local1: 1, local2: 2 }]), unknown],
  ];
  const nlri = Uint8Array.of(24, 100, 64, at & 0xff);
  return encodeUpdate({ withdrawn: nothing, nlri, attributes }, negotiated);
}

/** Messages whose attributes were damaged by chance, so that something is wrong with them but the session need not end. */
class Mutants {
  readonly #random = seededNumbers(SEED);
  /** By what they are taken for. */
  readonly counts = { discard: 0, withdraw: 0 };
  reset: Uint8Array | undefined;

  next(): Uint8Array {
    for (;;) {
      const message = this.#damaged(whole(this.#below(128)));
      const decoded = decodeUpdate(message.subarray(HEADER_LENGTH), negotiated);
      if (!decoded.ok) this.reset = message;
      else if (decoded.value.complaints.length > 0) {
        this.counts[decoded.value.verdict === 0 ? 'discard' : 'withdraw'] += 1;
        return message;
      }
    }
  }

  #below(bound: number): number {
    return this.#random() % bound;
  }

  /** Some bytes of the attributes become others; the NLRI behind them stays as it was. */
  #damaged(message: Uint8Array): Uint8Array {
    const first = HEADER_LENGTH + 4;
    const end = message.length - 4;
    for (let left = 1 + this.#below(3); left > 0; left--) {
      const at = first + this.#below(end - first);
      message[at] = this.#below(2) === 0 ? this.#below(256) : message[at]! ^ (1 << this.#below(8));
    }
    return message;
  }
}

test(`${MALFORMED} malformed UPDATEs in one session: ${KEPT} good routes stay, and nothing malformed is passed on`, {
  skip: skipWithoutRoot,
}, async (context) => {
  const port = await freePort();
  const router = new BgpRouter(context);
  const neighbour = (name: string, address: string, as: number) =>
    `  - { name: ${name}, address: ${address}, as: ${as}, passive: true, import: accept, export: accept }\n`;
  await router.start(`router: { as: 64500, identifier: ${US}, listen: ${US}, port: ${port} }
neighbours:
${neighbour('good', GOOD, 64_501)}${neighbour('evil', EVIL, 64_502)}${neighbour('third', THIRD, 64_503)}`);
  const join = (local: string, as: number) =>
    HandmadePeer.establish(context, { remote: US, port, holdTime: 0, local, as, identifier: as });
  const third = await join(THIRD, 64_503);
  const seen = new Heard();
  third.keeps = (type) => type === MessageType.notification;
  third.onMessage = (type, body) => seen.take(type, body);
  const friend = await join(GOOD, 64_501);
  for (let at = 0; at < KEPT; at++) {
    await friend.sendAll(good(at));
    if (at % BATCH === 0) await turn();
  }
  await eventually('the third to hear of all that is good', () => (seen.kept.size === KEPT ? true : undefined));

  const evil = await join(EVIL, 64_502);
  evil.keeps = (type) => type === MessageType.notification;
  const mutants = new Mutants();
  const bytesBefore = residentBytes(router.pid);
  const startedMs = performance.now();
  for (let at = 0; at < MALFORMED; at += BATCH) {
    await evil.sendAll(Buffer.concat(Array.from({ length: BATCH }, () => mutants.next())));
    await turn();
    assert.equal(evil.ended, undefined, `after ${at} malformed messages the session is over: ${evil.notice}`);
  }
  // Sent last: once the third has heard of it, everything before was taken in.
  const last = whole(0);
  last[last.length - 1] = 255;
  evil.send(last);
  await eventually('the third to hear of the last', () => (seen.hasLast ? true : undefined));
  const tookS = (performance.now() - startedMs) / 1_000;
  const grownMb = (residentBytes(router.pid) - bytesBefore) / 2 ** 20;
  const { discard, withdraw } = mutants.counts;
  context.diagnostic(
    `${MALFORMED} in ${tookS.toFixed(1)} s (${discard} with an attribute left out, ${withdraw} as withdrawals), ${grownMb.toFixed(1)} MB more`,
  );
  assert.ok(discard > MALFORMED / 100 && withdraw > MALFORMED / 100);
  assert.equal(seen.withdrawnGood, 0, 'no route of the good one was ever taken back');
  assert.equal(seen.kept.size, KEPT);
  assert.deepEqual(seen.complaints, [], 'nothing that the third was told is malformed');
  assert.ok(grownMb < 64, `${grownMb} MB more`);
  const reports = await router.neighbours();
  assert.deepEqual(
    reports.map(({ state, flaps }) => [state, flaps]),
    [
      ['Established', 0],
      ['Established', 0],
      ['Established', 0],
    ],
  );

  // One for which the session has to end ends that session, and no other.
  evil.send(mutants.reset!);
  await eventually('the end', () => evil.ended);
  assert.match(evil.notice!, /^3\//);
  assert.equal((await router.neighbours()).filter(({ state }) => state === 'Established').length, 2);
});

/** What the third speaker was told. */
class Heard {
  readonly kept = new Set<number>();
  readonly complaints: string[] = [];
  withdrawnGood = 0;
  hasLast = false;

  take(type: number, body: Uint8Array): void {
    if (type !== MessageType.update) return;
    const decoded = decodeUpdate(body, negotiated);
    if (!decoded.ok) {
      this.complaints.push(decoded.error.reason);
      return;
    }
    const { complaints, nlri, withdrawn } = decoded.value;
    for (const { reason } of complaints) this.complaints.push(reason);
    for (let at = 0; at < nlri.length; at += 4) {
      if (nlri[at + 1] === 10) this.kept.add((nlri[at + 2]! << 8) | nlri[at + 3]!);
      else if (nlri[at + 3] === 255) this.hasLast = true;
    }
    for (let at = 0; at < withdrawn.length; at += 4) if (withdrawn[at + 1] === 10) this.withdrawnGood += 1;
  }
}
