/**
 * A policy as the RIB asks it: a list of attributes in, the same list, another one, or nothing out. The next hop stands
 * among them, in NEXT_HOP or in an MP_REACH_NLRI without NLRI.
 *
 * Routes of one UPDATE come one after the other with the same list: what attributes decide is worked out for the first.
 */
import { AttributeCode, type PathAttribute, type Reach } from '../codec/attributes/values.ts';
import { type FamilyKey, prefixFamily } from '../codec/families.ts';
import type { NlriPrefix } from '../codec/nlri/prefixes.ts';
import { attribute, attributeValue } from '../codec/update.ts';
import { originAs } from './conditions.ts';
import type { Decision, Policy, Prepared, Subject } from './policy.ts';
import type { OriginValidation } from './source.ts';

export interface RoutePolicyOptions {
  /** With whom the route is exchanged: from whom it comes, or to whom it goes. */
  readonly neighbour: { readonly address: Uint8Array; readonly as: number };
  readonly localAs: number;
  /** What `next hop self` means, by kind of address. */
  readonly ownNextHops?: { readonly ipv4?: Uint8Array; readonly ipv6?: Uint8Array };
  /** RFC 6811; not-found unless given. */
  readonly validate?: (address: Uint8Array, length: number, originAs: number | undefined) => OriginValidation;
}

const nowhere = new Uint8Array(0);

export class PolicyForRoutes {
  readonly looksAtPrefixes: boolean;
  /** Its answers change with the RPKI's data. */
  readonly looksAtValidation: boolean;
  readonly #policy: Policy;
  readonly #options: RoutePolicyOptions;
  #lastAttributes: readonly PathAttribute[] | undefined;
  #lastFamily: FamilyKey = 0;
  #subject: Subject | undefined;
  #prepared: Prepared | undefined;
  /** Made lists by the decision they belong to, so that one decision is one list. */
  #answers = new WeakMap<Decision, readonly PathAttribute[]>();

  constructor(policy: Policy, options: RoutePolicyOptions) {
    this.#policy = policy;
    this.#options = options;
    this.looksAtPrefixes = policy.looksAtPrefixes;
    this.looksAtValidation = policy.looksAtValidation;
  }

  /** undefined: the route does not pass. `prefix` has to be there if the policy looks at prefixes. */
  apply(
    attributes: readonly PathAttribute[],
    family: FamilyKey,
    prefix: NlriPrefix | undefined,
  ): readonly PathAttribute[] | undefined {
    const decision = this.#decide(attributes, family, prefix);
    if (!decision.isAccepted) return undefined;
    if (decision.subject === this.#subject) return attributes;
    const known = this.#answers.get(decision);
    if (known !== undefined) return known;
    const answer = this.#answer(decision.subject, attributes);
    this.#answers.set(decision, answer);
    return answer;
  }

  #decide(attributes: readonly PathAttribute[], family: FamilyKey, prefix: NlriPrefix | undefined): Decision {
    if (this.#lastAttributes !== attributes || this.#lastFamily !== family || this.#prepared === undefined) {
      this.#subject = this.#subjectOf(attributes, family);
      this.#prepared = this.#policy.prepare(this.#subject);
      this.#lastAttributes = attributes;
      this.#lastFamily = family;
    }
    const { fixed } = this.#prepared;
    if (fixed !== undefined) return fixed;
    const { address = nowhere, length = 0 } = prefix ?? {};
    return this.#prepared.decide(address, length, this.#validation(attributes, address, length));
  }

  #validation(attributes: readonly PathAttribute[], address: Uint8Array, length: number): OriginValidation {
    const { validate, localAs } = this.#options;
    if (validate === undefined || !this.looksAtValidation || address.length === 0) return 'not-found';
    const path = attributeValue(attributes, AttributeCode.asPath) ?? [];
    // RFC 6811 §2: a route of our own AS has an empty path.
    return validate(address, length, path.length === 0 ? localAs : originAs(path));
  }

  #subjectOf(attributes: readonly PathAttribute[], family: FamilyKey): Subject {
    const { neighbour, localAs } = this.#options;
    const reach = attributeValue(attributes, AttributeCode.mpReach);
    const nextHop = reach?.nextHop ?? attributeValue(attributes, AttributeCode.nextHop) ?? nowhere;
    return { family, attributes: attributes.filter((one) => !isNextHop(one)), nextHop, neighbour, localAs };
  }

  /** Puts the next hop back where it came from, or where one of its kind has to be. */
  #answer(subject: Subject, before: readonly PathAttribute[]): readonly PathAttribute[] {
    const nextHop = subject.nextHopSelf === true ? this.#ownNextHop(subject) : subject.nextHop;
    if (nextHop.length === 0) return subject.attributes;
    const reach: Reach | undefined = attributeValue(before, AttributeCode.mpReach);
    const told =
      reach === undefined && nextHop.length === 4
        ? attribute(AttributeCode.nextHop, nextHop)
        : attribute(AttributeCode.mpReach, { family: subject.family, nextHop, nlri: reach?.nlri ?? nowhere });
    const at = subject.attributes.findIndex((one) => numberOf(one) > numberOf(told));
    return subject.attributes.toSpliced(at < 0 ? subject.attributes.length : at, 0, told);
  }

  #ownNextHop({ family, nextHop }: Subject): Uint8Array {
    const { ipv4, ipv6 } = this.#options.ownNextHops ?? {};
    return (prefixFamily(family) === 6 ? ipv6 : (ipv4 ?? ipv6)) ?? nextHop;
  }
}

function isNextHop({ code }: PathAttribute): boolean {
  return code === AttributeCode.nextHop || code === AttributeCode.mpReach || code === AttributeCode.mpUnreach;
}

function numberOf(one: PathAttribute): number {
  return one.code === 'unknown' ? one.number : one.code;
}
