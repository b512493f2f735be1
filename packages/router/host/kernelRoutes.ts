/**
 * Routes of a speaker in the kernel: in a table of their own, which two rules ask after everything in main but its default
 * route; or in main. Everything here bears our protocol number, and nothing else is touched. What a former process left
 * stays until `sweep`, so that a restart costs no packet.
 */
import { type Family, formatPrefix, type Prefix } from '@patronus/net';
import type { Route } from '@patronus/system';
import { type LinuxError, LinuxRoutes, LinuxRules, type NetlinkSocket, type Rule } from '@patronus/system/linux';
import { type KernelConfiguration, MAIN_TABLE } from '../configuration/configuration.ts';
import type { Hop } from './reachability.ts';

/** `proto 158` in `ip route` and `ip rule`. */
export const ROUTE_PROTOCOL = 158;
/** Before main, at 32766. */
const KNOWN_PRIORITY = 32_100;
const TABLE_PRIORITY = 32_101;

export interface KernelChange {
  readonly prefix: Prefix;
  /** Used at once; none: it goes. */
  readonly hops: readonly Hop[];
}

export class KernelRoutes {
  readonly #routes: LinuxRoutes;
  readonly #rules: LinuxRules;
  readonly #configuration: KernelConfiguration;
  readonly #onError: (error: LinuxError) => void;
  /** Left by a former process and not told anew. */
  readonly #left = new Map<string, Route>();

  constructor(socket: NetlinkSocket, configuration: KernelConfiguration, onError: (error: LinuxError) => void) {
    this.#routes = new LinuxRoutes(socket);
    this.#rules = new LinuxRules(socket);
    this.#configuration = configuration;
    this.#onError = onError;
    const { table } = configuration;
    for (const route of this.#routes.list({ table, protocol: ROUTE_PROTOCOL })) {
      this.#left.set(formatPrefix(route.prefix), withoutHops(route));
    }
    this.#reconcileRules();
  }

  /** Families of which a former process has left routes here: for these forwarding has gone on (RFC 4724 §4.1). */
  get leftFamilies(): ReadonlySet<Family> {
    return new Set([...this.#left.values()].map(({ prefix }) => prefix.family));
  }

  apply(changes: readonly KernelChange[]): void {
    const wanted = changes.filter(({ hops }) => hops.length > 0);
    for (const error of this.#routes.replaceEach(wanted.map((change) => this.#route(change)))) {
      if (error !== undefined) this.#onError(error);
    }
    const gone = changes.filter(({ hops }) => hops.length === 0);
    for (const error of this.#routes.removeEach(gone.map((change) => this.#route(change)))) {
      if (error !== undefined) this.#onError(error);
    }
    if (this.#left.size > 0) for (const { prefix } of changes) this.#left.delete(formatPrefix(prefix));
  }

  /** Takes out what a former process left and nobody has told since. */
  sweep(): void {
    this.#routes.removeEach([...this.#left.values()]);
    this.#left.clear();
  }

  /** All of it goes, and the rules. */
  removeAll(): void {
    const { table } = this.#configuration;
    this.#routes.removeEach(this.#routes.list({ table, protocol: ROUTE_PROTOCOL }).map(withoutHops));
    for (const rule of this.#ownRules()) this.#rules.remove(rule);
  }

  #route({ prefix, hops }: KernelChange): Route {
    const { table, metric } = this.#configuration;
    const common = { prefix, table, metric, protocol: ROUTE_PROTOCOL, type: 'unicast' } as const;
    const nextHops = hops.map(({ gateway, interfaceIndex }) => ({ gateway, interfaceIndex, onLink: true }));
    return nextHops.length > 1 ? { ...common, nextHops } : { ...common, ...nextHops[0] };
  }

  #ownRules(): Rule[] {
    return this.#rules.list().filter(({ protocol }) => protocol === ROUTE_PROTOCOL);
  }

  #reconcileRules(): void {
    const wanted =
      this.#configuration.table === MAIN_TABLE ? [] : ([4, 6] as const).flatMap(rulesOf(this.#configuration.table));
    const present = this.#ownRules();
    const isSame = (one: Rule, other: Rule) =>
      one.family === other.family && one.priority === other.priority && one.table === other.table;
    for (const rule of present) if (!wanted.some((one) => isSame(one, rule))) this.#rules.remove(rule);
    for (const rule of wanted) if (!present.some((one) => isSame(one, rule))) this.#rules.add(rule);
  }
}

/** Whatever next hops it has: one with several is listed once for each. */
function withoutHops({ prefix, table, type, metric, protocol }: Route): Route {
  return { prefix, table, type, metric, protocol };
}

const rulesOf =
  (table: number) =>
  (family: Family): readonly Rule[] => [
    {
      ...{ family, priority: KNOWN_PRIORITY, action: 'lookup', table: MAIN_TABLE },
      ...{ suppressPrefixLength: 0, protocol: ROUTE_PROTOCOL },
    },
    { family, priority: TABLE_PRIORITY, action: 'lookup', table, protocol: ROUTE_PROTOCOL },
  ];
