/**
 * Which peers share which rules. Peers whose settings give the same answers share one `ImportRules` for each family, and
 * one `ExportRules` (update groups): so a set of attributes is worked on once for all of them.
 */
import { toHex } from '@patronus/wire';
import { AttributeCode, type PathAttribute } from '../codec/attributes/values.ts';
import type { FamilyKey } from '../codec/families.ts';
import { attribute } from '../codec/update.ts';
import type { AttributeTable } from './attributeTable.ts';
import type { ByteSets } from './byteSets.ts';
import { ExportRules, type Source } from './exporting.ts';
import { ImportRules, type OwnIdentity } from './importing.ts';
import {
  type ExportSession,
  exportPolicyOf,
  hasAigp,
  importPolicyOf,
  type PeerId,
  type PeerSettings,
  policyName,
} from './peers.ts';
import { Transform } from './transform.ts';

/** RFC 9494 §4.1. */
const LLGR_STALE = 0xffff_0006;

export class RuleGroups {
  readonly #table: AttributeTable;
  readonly #wires: ByteSets;
  /** Read by all rules whenever they need it. */
  readonly #own: { -readonly [Name in keyof OwnIdentity]: OwnIdentity[Name] };
  readonly #imports = new Map<string, ImportRules>();
  readonly #exports = new Map<string, ExportRules>();
  /** By peer: the rules of its families, found once. */
  readonly #importOf: (Map<FamilyKey, ImportRules> | undefined)[] = [];
  readonly #longLivedStale: Transform;

  constructor(table: AttributeTable, wires: ByteSets, own: OwnIdentity) {
    this.#table = table;
    this.#wires = wires;
    const { identifier, clusterId = identifier, isOwnAddress = () => false } = own;
    this.#own = { identifier, clusterId, isOwnAddress };
    this.#longLivedStale = new Transform(table.sets, table.sets, (set) => this.#markStale(set));
  }

  /** False: it is what it was. Otherwise every answer has to be forgotten. */
  changeIdentity(identifier: number, clusterId = identifier): boolean {
    if (this.#own.identifier === identifier && this.#own.clusterId === clusterId) return false;
    Object.assign(this.#own, { identifier, clusterId });
    return true;
  }

  importRules({ id, settings }: Source, family: FamilyKey): ImportRules {
    let families = this.#importOf[id];
    if (families === undefined) {
      families = new Map();
      this.#importOf[id] = families;
    }
    let rules = families.get(family);
    if (rules === undefined) {
      rules = this.#sharedImport(settings, family);
      families.set(family, rules);
    }
    return rules;
  }

  leaveImport(peer: PeerId): void {
    this.#importOf[peer] = undefined;
    const inUse = new Set(this.#importOf.flatMap((families) => [...(families?.values() ?? [])]));
    for (const [key, rules] of this.#imports) if (!inUse.has(rules)) this.#imports.delete(key);
  }

  /** The peer's update group; leaving it is counting `users` down. */
  joinExport(settings: PeerSettings, session: ExportSession, family: FamilyKey): ExportRules {
    const key = exportKey(settings, session, family);
    let rules = this.#exports.get(key);
    if (rules === undefined) {
      rules = new ExportRules(this.#table, this.#wires, this.#own, settings, session, family);
      this.#exports.set(key, rules);
    }
    rules.users += 1;
    return rules;
  }

  /** Update groups of one family or all, for who wants to count them. */
  get exportGroups(): number {
    return this.#exports.size;
  }

  /** Update groups that nobody is in any more go. */
  tidy(): void {
    for (const [key, rules] of this.#exports) if (rules.users === 0) this.#exports.delete(key);
  }

  /** The number means another peer now, or one that is told apart differently. */
  forgetSource(peer: PeerId): void {
    for (const rules of this.#exports.values()) rules.forgetSource(peer);
  }

  /** A policy answers differently from now on. Others that share the rules ask it once more. */
  forgetAnswers(peer: PeerId): void {
    for (const rules of this.#importOf[peer]?.values() ?? []) rules.forget();
    for (const rules of this.#exports.values()) rules.forget();
  }

  /** The set with LLGR_STALE among its communities (RFC 9494 §4.2). */
  longLivedStale(set: number): number {
    return this.#longLivedStale.of(set);
  }

  #markStale(set: number): number {
    const values = this.#table.valuesOf(set);
    const marked: PathAttribute[] = values.map((one) =>
      one.code === AttributeCode.communities && !one.value.includes(LLGR_STALE)
        ? { ...one, value: [...one.value, LLGR_STALE] }
        : one,
    );
    if (!values.some(({ code }) => code === AttributeCode.communities)) {
      marked.push(attribute(AttributeCode.communities, [LLGR_STALE]));
    }
    const isReach = values.some(({ code }) => code === AttributeCode.mpReach);
    return this.#table.internValues(marked, isReach ? 'reach' : 'body', true);
  }

  #sharedImport(settings: PeerSettings, family: FamilyKey): ImportRules {
    const { kind, as, localAs, role, ownAsAllowed = 0, isFirstAsEnforced = true } = settings;
    const key = JSON.stringify([
      ...[family, kind, as, localAs, role ?? null, ownAsAllowed, isFirstAsEnforced, hasAigp(settings)],
      policyName(importPolicyOf(settings)),
    ]);
    let rules = this.#imports.get(key);
    if (rules === undefined) {
      rules = new ImportRules(this.#table, settings, this.#own, family);
      this.#imports.set(key, rules);
    }
    return rules;
  }
}

/** All that `ExportRules` looks at. */
function exportKey(settings: PeerSettings, session: ExportSession, family: FamilyKey): string {
  const { kind, localAs, role, nextHop, ownNextHops, isRouteServerClient = false } = settings;
  const { ipv4, ipv6 } = ownNextHops;
  return JSON.stringify([
    ...[family, kind, localAs, role ?? null, nextHop ?? null, isRouteServerClient, hasAigp(settings)],
    ...[ipv4 === undefined ? null : toHex(ipv4), ipv6 === undefined ? null : toHex(ipv6)],
    ...[session.isFourOctetAs, session.extendedNextHop.has(family), session.mostMessageLength, session.isLongLived],
    policyName(exportPolicyOf(settings)),
  ]);
}
