/** From what a person asks about to a flow: addresses, sites by their LANs, gateways. */
import type { Flow } from '@patronus/fabric';
import { formatAddress, type IpAddress, parseAddress, parsePrefix, prefixContains } from '@patronus/net';
import type { Edge, Network, Peer, Site } from '../network/network.ts';
import { ServiceError } from '../services/error.ts';
import { protocolSchema } from '../services/policies.ts';

export interface Question {
  readonly from: string;
  readonly to: string;
  readonly protocol?: string | null | undefined;
  /** Of the destination. */
  readonly port?: number | null | undefined;
  readonly sourcePort?: number | null | undefined;
  /** Its id or its name. */
  readonly application?: string | null | undefined;
  readonly dscp?: number | null | undefined;
  readonly segment?: number | null | undefined;
  /** ms since 1970; absent: now. */
  readonly at?: number | null | undefined;
}

/** Where an address lies. */
export interface Place {
  readonly address: string;
  /** Undefined: no site holds it. */
  readonly site: Site | undefined;
  /** The stock WireGuard peer that has it. */
  readonly peer: Peer | undefined;
  /** Trusted gateways of the site, by id, as they are next hops. */
  readonly edges: readonly Edge[];
}

export function flowOf(network: Network, question: Question): Flow {
  const fields: Record<string, string> = {};
  const within = (name: 'port' | 'sourcePort' | 'dscp' | 'segment', most: number): number | undefined => {
    const value = question[name];
    if (value == null) return undefined;
    if (value < 0 || value > most) fields[name] = `from 0 to ${most}`;
    return value;
  };
  const address = (name: 'from' | 'to'): IpAddress | undefined => {
    const found = parseAddress(question[name].trim());
    if (found === undefined) fields[name] = 'the address of a host, such as 10.1.0.10';
    return found;
  };
  const [source, destination] = [address('from'), address('to')];
  if (source !== undefined && destination !== undefined && source.family !== destination.family)
    fields.to = 'of the other address family: no packet goes between the two';
  const protocol = question.protocol == null ? undefined : protocolSchema.safeParse(question.protocol);
  if (protocol?.success === false) fields.protocol = 'tcp, udp, sctp, icmp, icmpv6, or a number from 0 to 255';
  const application = applicationOf(network, question.application, fields);
  const [port, sourcePort] = [within('port', 0xffff), within('sourcePort', 0xffff)];
  const [dscp, segment] = [within('dscp', 63), within('segment', 0xffff)];
  if (source === undefined || destination === undefined || Object.keys(fields).length > 0) {
    const words = Object.entries(fields).map(([field, message]) => `${field}: ${message}`);
    throw new ServiceError('INVALID_INPUT', words.join('; '), { fields });
  }
  return {
    ...{ segment: segment ?? 0, source, destination, dscp, application, sourcePort },
    protocol: protocol?.data,
    destinationPort: port,
  };
}

function applicationOf(
  { applications }: Network,
  wanted: string | null | undefined,
  fields: Record<string, string>,
): string | undefined {
  if (wanted == null) return undefined;
  const name = wanted.trim().toLowerCase();
  const found = [...applications.values()].find((one) => one.id === name || one.name.toLowerCase() === name);
  if (found === undefined) fields.application = `there is no application ${wanted}`;
  return found?.id;
}

/** The site with the longest prefix that holds it, as the packet path routes it. */
export function placeOf(network: Network, segment: number, address: IpAddress): Place {
  let [best, longest]: [Site | undefined, number] = [undefined, -1];
  for (const site of network.sites.values()) {
    for (const declared of site.prefixes.filter((one) => one.segment === segment)) {
      const prefix = parsePrefix(declared.prefix);
      if (!prefix.ok || prefix.value.length <= longest || !prefixContains(prefix.value, address)) continue;
      [best, longest] = [site, prefix.value.length];
    }
  }
  const peer = segment === 0 ? peerAt(network, address) : undefined;
  const site = peer === undefined ? best : network.sites.get(peer.site_id);
  const edges = (network.edgesOfSite.get(site?.id ?? '') ?? []).filter(({ state }) => state === 'enrolled');
  return { address: formatAddress(address), site, peer, edges };
}

function peerAt({ peers }: Network, address: IpAddress): Peer | undefined {
  return peers.values().find((peer) => {
    const prefix = parsePrefix(peer.address);
    return prefix.ok && prefixContains(prefix.value, address);
  });
}
