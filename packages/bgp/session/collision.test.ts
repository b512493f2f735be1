import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Contender, judge, type OurEnd, type Verdict } from './collision.ts';

const our: OurEnd = { localAs: 65_001, identifier: 10 };
const lower = { as: 65_002, identifier: 1 };
const higher = { as: 65_002, identifier: 20 };

/** A connection of theirs on which `open` was read. */
function theirs(open: Contender['open']): Contender {
  return { state: 'OpenSent', isIncoming: true, isWaiting: false, open };
}

function ours(state: Contender['state'], more: Partial<Contender> = {}): Contender {
  return { state, isIncoming: false, isWaiting: false, open: undefined, ...more };
}

const cases: readonly {
  readonly name: string;
  readonly machine: Contender;
  readonly other: Contender;
  readonly our?: Partial<OurEnd>;
  readonly isGraceful?: boolean;
  readonly verdict: Verdict;
}[] = [
  { name: 'ours is not made yet', machine: theirs(lower), other: ours('Connect'), verdict: 'confirm' },
  { name: 'ours would stay and may be answered', machine: theirs(lower), other: ours('OpenSent'), verdict: 'wait' },
  { name: 'ours would not stay', machine: theirs(higher), other: ours('OpenSent'), verdict: 'confirm' },
  { name: 'ours is confirmed and stays', machine: theirs(lower), other: ours('OpenConfirm'), verdict: 'lost' },
  { name: 'ours is confirmed and goes', machine: theirs(higher), other: ours('OpenConfirm'), verdict: 'won' },
  {
    name: 'equal identifiers: the higher AS, theirs (RFC 6286 §2.3)',
    machine: theirs({ as: 65_002, identifier: 10 }),
    other: ours('OpenConfirm'),
    verdict: 'won',
  },
  {
    name: 'equal identifiers: the higher AS, ours (RFC 6286 §2.3)',
    machine: theirs({ as: 65_000, identifier: 10 }),
    other: ours('OpenConfirm'),
    verdict: 'lost',
  },
  {
    name: 'ours is answered, and theirs has waited for that',
    machine: ours('OpenSent', { open: lower }),
    other: { ...theirs(lower), isWaiting: true },
    verdict: 'won',
  },
  {
    name: 'of two that the peer made, the newer',
    machine: theirs(lower),
    other: { ...theirs(lower), state: 'OpenConfirm' },
    verdict: 'won',
  },
  { name: 'a session stays', machine: theirs(higher), other: ours('Established'), verdict: 'lost' },
  {
    name: 'a session is compared where it is configured so (CollisionDetectEstablishedState)',
    machine: theirs(higher),
    other: ours('Established'),
    our: { collidesWhenEstablished: true },
    verdict: 'won',
  },
  {
    name: 'a graceful peer that opens anew has restarted (RFC 4724 §5)',
    machine: theirs(lower),
    other: ours('Established'),
    isGraceful: true,
    verdict: 'restarted',
  },
];

for (const { name, machine, other, our: more, isGraceful = false, verdict } of cases) {
  test(`of two connections with one peer (RFC 4271 §6.8): ${name}: ${verdict}`, () => {
    assert.equal(judge({ ...our, ...more }, machine, other, isGraceful), verdict);
  });
}
