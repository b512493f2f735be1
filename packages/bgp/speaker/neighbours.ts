/** The neighbours of a speaker: by name, by address, by connection; and the ranges that more of them may come from. */
import { formatAddress, type IpAddress, type Prefix } from '@patronus/net';
import { type Admission, DynamicNeighbours } from '../session/dynamicNeighbours.ts';
import type { ConnectionId } from '../session/effects.ts';
import { isDynamic, type NeighbourConfiguration } from './configuration.ts';
import type { Neighbour } from './neighbour.ts';

const DEFAULT_DYNAMIC = 100;

export class Neighbours {
  readonly #byName = new Map<string, Neighbour>();
  readonly #byAddress = new Map<string, Neighbour>();
  readonly #byConnection = new Map<ConnectionId, Neighbour>();
  #ranges = rangesOf([]);

  get all(): Iterable<Neighbour> {
    return this.#byName.values();
  }

  /** As it is now: neighbours may come and go while one goes through it. */
  list(): readonly Neighbour[] {
    return [...this.#byName.values()];
  }

  find(nameOrAddress: string): Neighbour | undefined {
    return this.#byName.get(nameOrAddress) ?? this.#byAddress.get(nameOrAddress);
  }

  at(address: IpAddress): Neighbour | undefined {
    return this.#byAddress.get(formatAddress(address));
  }

  of(connection: ConnectionId): Neighbour | undefined {
    return this.#byConnection.get(connection);
  }

  has(neighbour: Neighbour): boolean {
    return this.#byName.get(neighbour.name) === neighbour;
  }

  add(neighbour: Neighbour): void {
    this.#byName.set(neighbour.name, neighbour);
    this.#byAddress.set(formatAddress(neighbour.address), neighbour);
  }

  remove(neighbour: Neighbour): void {
    const { name, address } = neighbour;
    if (neighbour.isDynamic) this.#ranges.release(address.bytes);
    if (this.#byName.get(name) === neighbour) this.#byName.delete(name);
    if (this.at(address) === neighbour) this.#byAddress.delete(formatAddress(address));
  }

  connect(connection: ConnectionId, neighbour: Neighbour): void {
    this.#byConnection.set(connection, neighbour);
  }

  disconnect(connection: ConnectionId): void {
    this.#byConnection.get(connection)?.forget(connection);
    this.#byConnection.delete(connection);
  }

  /** Whether somebody whom nobody has listed may be a neighbour; who may is counted until it is removed. */
  admit({ bytes }: IpAddress): Admission<NeighbourConfiguration> {
    return this.#ranges.admit(bytes);
  }

  /** Other ranges: nobody is counted in them yet. */
  setRanges(configurations: readonly NeighbourConfiguration[]): void {
    this.#ranges = rangesOf(configurations);
  }
}

function rangesOf(configurations: readonly NeighbourConfiguration[]): DynamicNeighbours<NeighbourConfiguration> {
  return new DynamicNeighbours(
    configurations.filter(isDynamic).map((template) => ({
      ...{ prefix: template.address as Prefix, most: template.mostDynamic ?? DEFAULT_DYNAMIC, template },
    })),
  );
}
