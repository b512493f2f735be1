/** What protection did, totals since the start. */
export function zeroProtection() {
  return {
    /** Numbered packets sent, copies of them sent besides, and parity. */
    sent: 0,
    copies: 0,
    paritySent: 0,
    /** Numbered packets that came for the first time; and again. */
    received: 0,
    duplicates: 0,
    /** Rebuilt from parity; given up after waiting; passed on after one with a higher number; too old to tell. */
    repaired: 0,
    lost: 0,
    late: 0,
    tooLate: 0,
  };
}

export type ProtectionCounts = ReturnType<typeof zeroProtection>;
