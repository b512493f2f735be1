/** The neighbours of a `configure` command, read and checked. The error names the neighbour, never its key. */
import { type AuthenticationType, authenticationTypes } from '@patronus/bfd';
import { type IpAddress, parseAddress } from '@patronus/net';
import type { ForwarderNeighbour } from '../control.ts';
import { Refusal } from '../refusal.ts';

export interface PlannedNeighbour extends Omit<ForwarderNeighbour, 'address' | 'authentication'> {
  readonly address: IpAddress;
  readonly authentication:
    | { readonly type: AuthenticationType; readonly keyId: number; readonly secret: Uint8Array }
    | undefined;
}

const MOST_NEIGHBOURS = 64;
const MOST_INTERVAL_MS = 60_000;
/** RFC 5880 §4.2–4.4. */
const PASSWORD_BYTES = 16;
const SHA1_BYTES = 20;

export function readNeighbours(neighbours: readonly ForwarderNeighbour[]): PlannedNeighbour[] {
  if (neighbours.length > MOST_NEIGHBOURS) {
    throw new Refusal(`${neighbours.length} BFD peers: one forwarder holds ${MOST_NEIGHBOURS}`);
  }
  if (new Set(neighbours.map(({ id }) => id)).size !== neighbours.length)
    throw new Refusal('two BFD peers have one id');
  return neighbours.map(readNeighbour);
}

function readNeighbour(neighbour: ForwarderNeighbour): PlannedNeighbour {
  const { id, isMultihop, isPassive, intervalMs, multiplier } = neighbour;
  const address = parseAddress(neighbour.address);
  if (address === undefined) throw new Refusal(`BFD peer ${id}: ${neighbour.address} is not an IP address`);
  if (!(intervalMs >= 1 && intervalMs <= MOST_INTERVAL_MS)) {
    throw new Refusal(`BFD peer ${id}: an interval of ${intervalMs} ms: use 1 to ${MOST_INTERVAL_MS}`);
  }
  if (!(Number.isInteger(multiplier) && multiplier >= 1 && multiplier <= 255)) {
    throw new Refusal(`BFD peer ${id}: multiplier ${multiplier}: use 1 to 255`);
  }
  return { id, address, isMultihop, isPassive, intervalMs, multiplier, authentication: readAuthentication(neighbour) };
}

function readAuthentication({ id, authentication }: ForwarderNeighbour): PlannedNeighbour['authentication'] {
  if (authentication === null) return undefined;
  const { type, keyId, key } = authentication;
  if (!authenticationTypes.includes(type)) throw new Refusal(`BFD peer ${id}: there is no authentication ${type}`);
  if (!(Number.isInteger(keyId) && keyId >= 0 && keyId <= 255)) {
    throw new Refusal(`BFD peer ${id}: key id ${keyId}: use 0 to 255`);
  }
  const secret = new TextEncoder().encode(key);
  const most = type === 'keyedSha1' || type === 'meticulousKeyedSha1' ? SHA1_BYTES : PASSWORD_BYTES;
  if (secret.length < 1 || secret.length > most) {
    throw new Refusal(`BFD peer ${id}: a key of ${secret.length} bytes, ${type} takes 1 to ${most}`);
  }
  return { type, keyId, secret };
}
