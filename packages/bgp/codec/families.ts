/** Address families: which kind of destination NLRI is about (RFC 4760 §5; the IANA registries of AFI and SAFI). */

export const Afi = { ipv4: 1, ipv6: 2, l2vpn: 25, bgpLs: 16_388 } as const;
export const Safi = {
  unicast: 1,
  multicast: 2,
  labelled: 4,
  mcastVpn: 5,
  vpls: 65,
  evpn: 70,
  bgpLs: 71,
  bgpLsVpn: 72,
  srPolicy: 73,
  mup: 85,
  vpn: 128,
  routeTarget: 132,
  flow: 133,
  flowVpn: 134,
} as const;

/** AFI and SAFI in one number: `afi << 8 | safi`. */
export type FamilyKey = number;

export function familyKey(afi: number, safi: number): FamilyKey {
  return (afi << 8) | safi;
}

export const IPV4_UNICAST = familyKey(Afi.ipv4, Safi.unicast);
export const IPV6_UNICAST = familyKey(Afi.ipv6, Safi.unicast);
export const IPV4_MULTICAST = familyKey(Afi.ipv4, Safi.multicast);
export const IPV6_MULTICAST = familyKey(Afi.ipv6, Safi.multicast);
export const IPV4_FLOW = familyKey(Afi.ipv4, Safi.flow);
export const IPV6_FLOW = familyKey(Afi.ipv6, Safi.flow);

const afiNames: Readonly<Record<number, string>> = { 1: 'ipv4', 2: 'ipv6', 25: 'l2vpn', 16388: 'bgp-ls' };
const safiNames: Readonly<Record<number, string>> = {
  1: 'unicast',
  2: 'multicast',
  4: 'labelled',
  5: 'mcast-vpn',
  65: 'vpls',
  70: 'evpn',
  71: 'bgp-ls',
  72: 'bgp-ls-vpn',
  73: 'sr-policy',
  85: 'mup',
  128: 'vpn',
  132: 'route-target',
  133: 'flow',
  134: 'flow-vpn',
};

/** `ipv4 unicast`; numbers where there is no name. */
export function familyName(family: FamilyKey): string {
  const [afi, safi] = [family >>> 8, family & 0xff];
  return `${afiNames[afi] ?? `afi-${afi}`} ${safiNames[safi] ?? `safi-${safi}`}`;
}

/** The family whose prefixes are read one by one; others are carried as the bytes they are. */
export function prefixFamily(family: FamilyKey): 4 | 6 | undefined {
  const safi = family & 0xff;
  if (safi !== Safi.unicast && safi !== Safi.multicast) return undefined;
  if (family >>> 8 === Afi.ipv4) return 4;
  return family >>> 8 === Afi.ipv6 ? 6 : undefined;
}

/** The family of `ipv4 unicast`, `ipv4-unicast`, `ipv4` (unicast is meant), `1/128`; undefined where it is none. */
export function parseFamily(text: string): FamilyKey | undefined {
  const numbers = /^(\d{1,5})\/(\d{1,3})$/.exec(text);
  if (numbers !== null) {
    const [afi, safi] = [Number(numbers[1]), Number(numbers[2])];
    return afi > 0xffff || safi > 0xff ? undefined : familyKey(afi, safi);
  }
  const words = text.trim().toLowerCase().replaceAll(/[ _]/g, '-');
  for (const [afi, name] of Object.entries(afiNames)) {
    if (words === name) return familyKey(Number(afi), Safi.unicast);
    if (!words.startsWith(`${name}-`)) continue;
    const safi = Object.entries(safiNames).find(([, one]) => one === words.slice(name.length + 1));
    if (safi !== undefined) return familyKey(Number(afi), Number(safi[0]));
  }
  return undefined;
}
