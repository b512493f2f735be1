/** The ways to a controller: each of its addresses, from each uplink and by the main routes. Pure. */
import { parseAddress } from '@patronus/net';

export interface Way {
  readonly host: string;
  readonly port: number;
  /** The uplink's own address, so that its policy route is used; null: whatever the main routes say. */
  readonly localAddress: string | null;
  /** For people: `internet`, or `main routes`. */
  readonly name: string;
}

export interface LocalAddress {
  readonly address: string;
  readonly uplink: string;
}

/** `host:port`, `[v6]:port`; undefined for anything else. */
export function splitHostPort(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s/[\]]+)):([1-9][0-9]{0,4})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 0xffff ? undefined : { host, port };
}

/** In order of trial: all controllers over the first uplink, then over the next, then by the main routes. */
export function waysTo(controllers: readonly string[], locals: readonly LocalAddress[]): Way[] {
  const targets = controllers.map(splitHostPort).filter((target) => target !== undefined);
  const origins = [
    ...locals.map(({ address, uplink }) => ({ localAddress: address, name: uplink })),
    { localAddress: null, name: 'main routes' },
  ];
  return origins.flatMap((origin) =>
    targets.filter(({ host }) => canReach(origin.localAddress, host)).map((target) => ({ ...target, ...origin })),
  );
}

/** A literal address needs a local one of its family; a name may have either. */
function canReach(localAddress: string | null, host: string): boolean {
  if (localAddress === null) return true;
  const remote = parseAddress(host);
  return remote === undefined || remote.family === parseAddress(localAddress)?.family;
}

/** The ways to this controller before the others; the order is otherwise kept. */
export function hostFirst(ways: readonly Way[], host: string | undefined): Way[] {
  return [...ways.filter((way) => way.host === host), ...ways.filter((way) => way.host !== host)];
}

/** The list begun behind `last`: a way that just failed is tried last of all. */
export function startAfter(ways: readonly Way[], last: Way | undefined): Way[] {
  const at = last === undefined ? -1 : ways.findIndex((way) => isSameWay(way, last));
  return [...ways.slice(at + 1), ...ways.slice(0, at + 1)];
}

export function isSameWay(a: Way, b: Way): boolean {
  return a.host === b.host && a.port === b.port && a.localAddress === b.localAddress;
}
