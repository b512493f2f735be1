/**
 * Applications that policies name: known by port, by an address on either side, or by a name that a flow showed. Each has a
 * number that stays the same over configurations.
 */
import type { PortRange } from '@patronus/applications';
import type { PacketView, PrefixTrie } from '@patronus/net';
import type { ParsedPrefix } from '../plan.ts';
import { NO_APPLICATION } from './flows.ts';
import { Numbering } from './numbering.ts';
import { buildAllowed } from './routes.ts';

export interface PlannedApplication {
  readonly id: string;
  readonly ports: readonly PortRange[];
  readonly prefixes: readonly ParsedPrefix[];
  readonly prefixTexts: readonly string[];
  readonly names: readonly string[];
}

interface Known {
  readonly number: number;
  readonly ports: PlannedApplication['ports'];
  readonly prefixes: PrefixTrie<true> | undefined;
}

export class ApplicationTable {
  readonly #numbers = new Numbering();
  #byNumber: readonly (Known | undefined)[] = [];
  #all: readonly Known[] = [];
  /** Whether any is known by names, so that packets have to be looked into. */
  hasNames = false;
  planned: readonly PlannedApplication[] = [];

  replace(planned: readonly PlannedApplication[]): void {
    this.#all = planned.map(({ id, ports, prefixes }) => ({
      number: this.#numbers.of(id),
      ports,
      // They hold in every segment: a policy names its own apart.
      prefixes:
        prefixes.length === 0 ? undefined : buildAllowed(prefixes.map(({ prefix }) => ({ segment: 0, prefix }))),
    }));
    const byNumber: (Known | undefined)[] = new Array(this.#numbers.size).fill(undefined);
    for (const known of this.#all) byNumber[known.number] = known;
    this.#byNumber = byNumber;
    this.planned = planned;
    this.hasNames = planned.some(({ names }) => names.length > 0);
  }

  numberOf(id: string): number {
    return this.#numbers.of(id);
  }

  nameOf(number: number): string | undefined {
    return this.#numbers.nameOf(number);
  }

  /** Whether the packet shows by its ports or addresses that it is this application's. */
  shows(number: number, packet: PacketView): boolean {
    const known = this.#byNumber[number];
    return known !== undefined && holds(known, packet);
  }

  /** The first application that a packet shows by its ports or addresses, or NO_APPLICATION. */
  of(packet: PacketView): number {
    for (const known of this.#all) if (holds(known, packet)) return known.number;
    return NO_APPLICATION;
  }
}

function holds({ ports, prefixes }: Known, packet: PacketView): boolean {
  for (let at = 0; at < ports.length; at++) {
    const { protocol, first, last } = ports[at]!;
    if (protocol !== packet.protocol) continue;
    const { sourcePort, destinationPort } = packet;
    if ((sourcePort >= first && sourcePort <= last) || (destinationPort >= first && destinationPort <= last))
      return true;
  }
  if (prefixes === undefined) return false;
  const { family, bytes, sourceOffset, destinationOffset } = packet;
  return (
    prefixes.lookup(0, family, bytes, destinationOffset) !== undefined ||
    prefixes.lookup(0, family, bytes, sourceOffset) !== undefined
  );
}
