/** What a session makes of the UPDATEs and ROUTE-REFRESHes that come in while it is Established. */
import { type MessageError, messageError, Notice } from '../codec/errors.ts';
import { type FamilyKey, familyName } from '../codec/families.ts';
import { decodeRouteRefresh } from '../codec/routeRefresh.ts';
import { decodeUpdate } from '../codec/update.ts';
import type { PrefixLimit } from './configuration.ts';
import type { SessionEffect, UpdateReceiver } from './effects.ts';
import type { NegotiatedSession } from './negotiation.ts';
import { PrefixLimits } from './prefixLimits.ts';

export class RoutesIn {
  /** UPDATEs of this session. */
  count = 0;
  /** The limit that was exceeded last. */
  exceeded: PrefixLimit | undefined;
  readonly #updates: UpdateReceiver | undefined;
  readonly #emit: (effect: SessionEffect) => void;
  readonly #limits = new PrefixLimits();

  constructor(updates: UpdateReceiver | undefined, emit: (effect: SessionEffect) => void) {
    this.#updates = updates;
    this.#emit = emit;
  }

  /** A session begins. */
  reset(): void {
    this.count = 0;
    this.exceeded = undefined;
    this.#limits.reset();
  }

  /** An error ends the session. `onEndOfRib` hears of the family whose routes are all told. */
  update(
    body: Uint8Array,
    negotiated: NegotiatedSession,
    limits: readonly PrefixLimit[] | undefined,
    onEndOfRib: (family: FamilyKey) => void,
  ): MessageError | undefined {
    this.count += 1;
    const outcome =
      this.#updates === undefined ? this.#decode(body, negotiated) : this.#updates.update(body, negotiated);
    if (outcome !== undefined && 'code' in outcome) return outcome;
    if (outcome !== undefined) {
      this.#emit({ kind: 'endOfRib', family: outcome.endOfRib });
      onEndOfRib(outcome.endOfRib);
    }
    return limits === undefined ? undefined : this.#checkLimits(limits);
  }

  refresh(body: Uint8Array, negotiated: NegotiatedSession): MessageError | undefined {
    const decoded = decodeRouteRefresh(body);
    if (!decoded.ok) return negotiated.hasEnhancedRefresh ? decoded.error : undefined;
    const { family, kind } = decoded.value;
    // RFC 2918 §4 and 7313 §5: what was not agreed on, or is not known, is ignored.
    if (kind === null || !negotiated.families.has(family)) return undefined;
    if (kind !== 'request' && !negotiated.hasEnhancedRefresh) return undefined;
    this.#emit({ kind: 'refresh', family, refresh: kind });
    return undefined;
  }

  #decode(body: Uint8Array, negotiated: NegotiatedSession): ReturnType<UpdateReceiver['update']> {
    const decoded = decodeUpdate(body, negotiated);
    if (!decoded.ok) return decoded.error;
    const { endOfRib } = decoded.value;
    if (endOfRib !== undefined) return { endOfRib };
    this.#emit({ kind: 'update', update: decoded.value });
    return undefined;
  }

  #checkLimits(limits: readonly PrefixLimit[]): MessageError | undefined {
    if (this.#updates?.prefixes === undefined) return undefined;
    for (const limit of limits) {
      const { family, most } = limit;
      const count = this.#updates.prefixes(family);
      const found = this.#limits.check(limit, count);
      if (found === undefined) continue;
      const isExceeded = found === 'exceeded';
      this.#emit({ kind: 'prefixWarning', family, count, most, isExceeded });
      if (!isExceeded || limit.isWarningOnly === true) continue;
      this.exceeded = limit;
      const words = `${count} prefixes of ${familyName(family)}, ${most} are allowed`;
      return messageError(Notice.maximumPrefixes, words, maximumPrefixesData(family, most));
    }
    return undefined;
  }
}

/** RFC 4486 §4: AFI, SAFI, and the bound in 32 bits. */
function maximumPrefixesData(family: FamilyKey, most: number): Uint8Array {
  const data = new Uint8Array(7);
  const view = new DataView(data.buffer);
  view.setUint16(0, family >>> 8);
  view.setUint8(2, family & 0xff);
  view.setUint32(3, Math.min(most, 0xffff_ffff));
  return data;
}
