/**
 * From a topology to addresses and names: everything the lab will make, decided before anything is made.
 *
 * The provider side lives in 198.18.0.0/15, the range set aside for benchmarks (RFC 2544, RFC 6890), which no real
 * network routes. A lab takes one /20 of it, its slot, so that thirty-two labs can be up at once. Over IPv6 it takes
 * fd00:c612:SLOT::/48 (RFC 4193; c612 is 198.18 in hexadecimal).
 */
import * as names from './names.ts';
import { impairmentSchema, type Topology, type WireImpairment } from './topology.ts';

/** Labs that can be up at once: the /20s of 198.18.0.0/15. */
export const slots = 32;

export interface UplinkLayout {
  readonly site: string;
  readonly label: string;
  readonly domain: string;
  /** Number of the wire in the whole lab. */
  readonly index: number;
  /** In the gateway's namespace. */
  readonly interface: string;
  readonly coreInterface: string;
  readonly range: string;
  readonly siteAddress: string;
  readonly coreAddress: string;
  readonly siteAddress6: string;
  readonly coreAddress6: string;
  readonly siteMac: string;
  readonly coreMac: string;
  /** Of the gateway's default route by this uplink. */
  readonly metric: number;
  /** What steering goes by: the uplink named first in the topology is the preferred one. */
  readonly cost: number;
  readonly wire: ReturnType<typeof names.wireNames>;
  readonly impairment: WireImpairment;
}

export interface HostLayout {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  readonly address6: string;
}

export interface SiteLayout {
  readonly name: string;
  readonly location: string;
  readonly namespace: string;
  readonly lan: string;
  readonly lan6: string;
  readonly gateway: string;
  readonly gateway6: string;
  readonly hosts: readonly HostLayout[];
  readonly uplinks: readonly UplinkLayout[];
}

export interface Layout {
  readonly lab: string;
  readonly topology: string;
  readonly slot: number;
  readonly core: string;
  readonly wires: string;
  /** What the root namespace routes to the core. */
  readonly block: string;
  readonly block6: string;
  /** Ranges that the topology fixes, perhaps outside the block; the root namespace needs a route to each. */
  readonly fixedRanges: readonly string[];
  readonly control: {
    readonly rootInterface: string;
    readonly coreInterface: string;
    /** Where edges find a controller that runs in the root namespace. */
    readonly rootAddress: string;
    readonly coreAddress: string;
    readonly rootAddress6: string;
    readonly coreAddress6: string;
  };
  readonly sites: readonly SiteLayout[];
}

const poolStart = (198 << 24) | (18 << 16);

/** The `offset`-th address of a slot's /20, dotted. */
function slotAddress(slot: number, offset: number): string {
  const value = (poolStart + slot * 4096 + offset) >>> 0;
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');
}

const neighbour = (range: string, offset: number) => {
  const octets = range.replace(/\/30$/, '').split('.').map(Number);
  return [...octets.slice(0, 3), (octets[3] ?? 0) + offset].join('.');
};

const hex = (value: number, digits = 2) => value.toString(16).padStart(digits, '0');

/** Lays a topology out in a slot (0 to 31). Pure: the same arguments give the same names and addresses. */
export function layOut(topology: Topology, lab: string, slot: number): Layout {
  let nextIndex = 0;
  const sites = topology.sites.map((site): SiteLayout => {
    const v4 = site.lan.v4.replace(/\.0\/24$/, '');
    const v6 = site.lan.v6.replace(/\/64$/, '');
    return {
      name: site.name,
      location: site.location,
      namespace: names.gatewayNamespace(lab, site.name),
      lan: site.lan.v4,
      lan6: site.lan.v6,
      gateway: `${v4}.1`,
      gateway6: `${v6}1`,
      hosts: site.hosts.map((name, i) => ({
        name,
        namespace: names.hostNamespace(lab, site.name, name),
        address: `${v4}.${10 + i}`,
        address6: `${v6}${hex(0x10 + i)}`,
      })),
      uplinks: site.uplinks.map((uplink, order) => {
        const index = nextIndex++;
        const range = uplink.range ?? `${slotAddress(slot, index * 4)}/30`;
        const v6Range = `fd00:c612:${hex(slot, 1)}:${hex(index, 1)}::`;
        return {
          site: site.name,
          label: uplink.label,
          domain: uplink.domain,
          index,
          interface: uplink.interface ?? `pt${uplink.label}`,
          coreInterface: names.coreUplinkInterface(index),
          range,
          siteAddress: neighbour(range, 2),
          coreAddress: neighbour(range, 1),
          siteAddress6: `${v6Range}2`,
          coreAddress6: `${v6Range}1`,
          siteMac: `02:50:54:${hex(slot)}:${hex(index)}:02`,
          coreMac: `02:50:54:${hex(slot)}:${hex(index)}:01`,
          metric: 100 + order * 10,
          cost: 10 + order * 10,
          wire: names.wireNames(index),
          impairment: impairmentSchema.parse(uplink.impairment ?? {}),
        };
      }),
    };
  });
  const v6Control = `fd00:c612:${hex(slot, 1)}:ffff::`;
  return {
    lab,
    topology: topology.name,
    slot,
    core: names.coreNamespace(lab),
    wires: names.wiresNamespace(lab),
    block: `${slotAddress(slot, 0)}/20`,
    block6: `fd00:c612:${hex(slot, 1)}::/48`,
    fixedRanges: topology.sites.flatMap((site) => site.uplinks.flatMap((uplink) => uplink.range ?? [])),
    control: {
      rootInterface: names.controlInterface(lab),
      coreInterface: names.coreControlInterface,
      rootAddress: slotAddress(slot, 4093),
      coreAddress: slotAddress(slot, 4094),
      rootAddress6: `${v6Control}1`,
      coreAddress6: `${v6Control}2`,
    },
    sites,
  };
}
