/**
 * Which applications of a list a port, an address or a name stands for. Built once for a list; every look-up answers
 * with a list that was made then, and allocates nothing.
 */
import { type Family, PrefixTrie, parsePrefix } from '@patronus/net';
import type { Application } from './application.ts';
import { canonicalName } from './names.ts';
import { NameTable } from './nameTable.ts';
import { PortTable } from './portTable.ts';

/** Places in the list that the matcher was built from, the most particular first. Shared: not to be changed. */
export type ApplicationNumbers = readonly number[];
export const NO_APPLICATIONS: ApplicationNumbers = Object.freeze([]);

/** Text that is no prefix or name is passed over: whoever takes applications in from people says so to them. */
export class ApplicationMatcher {
  readonly applications: readonly Application[];
  readonly #ports = new Map<number, PortTable>();
  readonly #prefixes = new PrefixTrie<ApplicationNumbers>();
  readonly #names = new NameTable();

  constructor(applications: readonly Application[]) {
    this.applications = applications;
    for (const protocol of [6, 17]) {
      const ranges = applications.flatMap(({ ports }, application) =>
        ports.filter((range) => range.protocol === protocol).map((range) => ({ ...range, application })),
      );
      this.#ports.set(protocol, new PortTable(ranges));
    }
    this.#addPrefixes();
    this.#addNames();
  }

  /** `port`: the server's. The narrowest range comes first. */
  byPort(protocol: number, port: number): ApplicationNumbers {
    return this.#ports.get(protocol)?.lookup(port) ?? NO_APPLICATIONS;
  }

  /** The longest prefix that holds the address at `offset` comes first. */
  byAddress(family: Family, bytes: Uint8Array, offset = 0): ApplicationNumbers {
    return this.#prefixes.lookup(0, family, bytes, offset) ?? NO_APPLICATIONS;
  }

  /** `bytes`: a name in ASCII, of either case. The longest name that it is or lies below comes first. */
  byName(bytes: Uint8Array, offset: number, length: number): ApplicationNumbers {
    return this.#names.lookup(bytes, offset, length);
  }

  /** Whether any of them is known by a name: only then is it worth looking into packets. */
  get hasNames(): boolean {
    return this.#names.size > 0;
  }

  #addPrefixes(): void {
    const owners = new PrefixTrie<readonly number[]>();
    for (const [number, { prefixes }] of this.applications.entries()) {
      for (const text of prefixes) {
        const parsed = parsePrefix(text);
        if (!parsed.ok) continue;
        const sharing = owners.get(0, parsed.value) ?? [];
        owners.insert(0, parsed.value, distinct([...sharing, number]));
      }
    }
    // Entries come with shorter prefixes before those inside them, so what lies around one is there already.
    for (const { prefix, value } of owners.entries()) {
      const around = this.#prefixes.lookup(0, prefix.family, prefix.bytes) ?? NO_APPLICATIONS;
      this.#prefixes.insert(0, prefix, distinct([...value, ...around]));
    }
  }

  #addNames(): void {
    const owners = new Map<string, number[]>();
    for (const [number, { names }] of this.applications.entries()) {
      for (const name of names.map(canonicalName)) {
        if (name !== undefined) owners.set(name, [...(owners.get(name) ?? []), number]);
      }
    }
    for (const [name, own] of owners) {
      const labels = name.split('.');
      const above = labels.slice(1).flatMap((_, at) => owners.get(labels.slice(at + 1).join('.')) ?? []);
      this.#names.add(name, distinct([...own, ...above]));
    }
  }
}

function distinct(numbers: readonly number[]): ApplicationNumbers {
  return Object.freeze([...new Set(numbers)]);
}
