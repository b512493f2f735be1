/**
 * A policy: statements in order, each of which may look at a route, change it, and decide about it.
 *
 *     const compiled = compilePolicy(source, { prefixSets });      // errors name statement and field
 *     const prepared = policy.prepare(subject);                    // once for each set of attributes, neighbour and family
 *     const decision = prepared.decide(address, length, validation); // for each prefix
 *
 * Everything that attributes alone decide is worked out once, in `prepare` and as far as prefixes ask for it: what is
 * kept is a tree of the questions about prefixes that remain, with the changed attributes at its leaves. So a policy that
 * asks nothing about prefixes costs nothing for each (`prepared.fixed`), and one that does costs its prefix sets.
 */
import type { PathAttribute } from '../codec/attributes/values.ts';
import { type FamilyKey, prefixFamily } from '../codec/families.ts';
import type { Change } from './changes.ts';
import type { Condition, PrefixCondition } from './conditions.ts';
import type { OriginValidation, PolicySource } from './source.ts';

/** A route without its prefix: what many routes have in common. */
export interface Subject {
  readonly family: FamilyKey;
  /** Without MP_REACH_NLRI and MP_UNREACH_NLRI, sorted by code. */
  readonly attributes: readonly PathAttribute[];
  /** 4, 16 or 32 bytes. */
  readonly nextHop: Uint8Array;
  /** The owner puts its own address on the session. */
  readonly nextHopSelf?: boolean;
  readonly neighbour: { readonly address: Uint8Array; readonly as: number };
  readonly localAs: number;
}

export interface Decision {
  readonly isAccepted: boolean;
  /** As the statements have changed it; where nothing did, the very object that came in. */
  readonly subject: Subject;
  /** Whose word it was; null: no statement's. */
  readonly statement: string | null;
}

/** What a policy was compiled from: two that were written alike answer alike. */
export interface WrittenPolicy {
  readonly source: PolicySource;
  /** Of the sets that it names. */
  readonly prefixSets: Readonly<Record<string, readonly string[]>>;
}

export interface Statement {
  readonly name: string;
  readonly conditions: readonly Condition[];
  readonly prefixCondition: PrefixCondition | undefined;
  readonly changes: readonly Change[];
  readonly action: 'accept' | 'reject' | 'continue';
}

/** A question about the prefix, or the decision. */
type Node =
  | { readonly decision: Decision; readonly condition?: never }
  | {
      readonly decision?: never;
      readonly condition: PrefixCondition;
      readonly at: number;
      readonly subject: Subject;
      yes: Node | undefined;
      no: Node | undefined;
    };

export class Policy {
  readonly name: string;
  /** Whether anything depends on the prefix or its validation: if not, every decision of a subject is the same. */
  readonly looksAtPrefixes: boolean;
  /** Origin validation is asked about, so a change of it has to be told to the policy again. */
  readonly looksAtValidation: boolean;
  readonly written: WrittenPolicy | undefined;
  readonly #statements: readonly Statement[];
  readonly #otherwise: 'accept' | 'reject';

  constructor(name: string, statements: readonly Statement[], otherwise: 'accept' | 'reject', written?: WrittenPolicy) {
    this.name = name;
    this.written = written;
    this.#statements = statements;
    this.#otherwise = otherwise;
    this.looksAtPrefixes = statements.some(({ prefixCondition }) => prefixCondition !== undefined);
    this.looksAtValidation = statements.some(({ prefixCondition }) => prefixCondition?.validation !== undefined);
  }

  prepare(subject: Subject): Prepared {
    return new Prepared(this.#from(0, subject), subject.family, (node, isMatch) => this.#after(node, isMatch));
  }

  /** Goes on until a prefix is asked about. */
  #from(first: number, subject: Subject): Node {
    let current = subject;
    for (let at = first; at < this.#statements.length; at++) {
      const statement = this.#statements[at]!;
      if (!statement.conditions.every((condition) => condition(current))) continue;
      const { prefixCondition } = statement;
      if (prefixCondition !== undefined) {
        return { condition: prefixCondition, at, subject: current, yes: undefined, no: undefined };
      }
      current = changed(statement, current);
      if (statement.action !== 'continue') return decided(statement.action, current, statement.name);
    }
    return decided(this.#otherwise, current, null);
  }

  #after({ at, subject }: Extract<Node, { at: number }>, isMatch: boolean): Node {
    if (!isMatch) return this.#from(at + 1, subject);
    const statement = this.#statements[at]!;
    const current = changed(statement, subject);
    if (statement.action !== 'continue') return decided(statement.action, current, statement.name);
    return this.#from(at + 1, current);
  }
}

export class Prepared {
  readonly #root: Node;
  readonly #family: 4 | 6 | undefined;
  readonly #after: (node: Extract<Node, { at: number }>, isMatch: boolean) => Node;

  constructor(root: Node, family: FamilyKey, after: (node: Extract<Node, { at: number }>, isMatch: boolean) => Node) {
    this.#root = root;
    this.#family = prefixFamily(family);
    this.#after = after;
  }

  /** The decision for every prefix; undefined: it depends on the prefix. */
  get fixed(): Decision | undefined {
    return this.#root.decision;
  }

  /** `address`: 4 or 16 bytes; a route of another family than IPv4 or IPv6 is in no prefix set. */
  decide(address: Uint8Array, length: number, validation: OriginValidation): Decision {
    let node = this.#root;
    while (node.decision === undefined) {
      const isMatch = this.#matches(node.condition, address, length, validation);
      if (isMatch) node = node.yes ??= this.#after(node, true);
      else node = node.no ??= this.#after(node, false);
    }
    return node.decision;
  }

  #matches(
    { sets, validation: wanted }: PrefixCondition,
    address: Uint8Array,
    length: number,
    validation: OriginValidation,
  ): boolean {
    if (wanted !== undefined && !wanted.has(validation)) return false;
    if (sets.length === 0) return true;
    const family = this.#family;
    if (family === undefined) return false;
    for (const set of sets) if (set.has(family, address, length)) return true;
    return false;
  }
}

function changed({ changes }: Statement, subject: Subject): Subject {
  let current = subject;
  for (const change of changes) current = change(current);
  return current;
}

function decided(action: 'accept' | 'reject', subject: Subject, statement: string | null): Node {
  return { decision: { isAccepted: action === 'accept', subject, statement } };
}
