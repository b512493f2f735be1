/** Where an alarm is looked into: the page that shows what it is about. */

export interface AlarmPlace {
  readonly to: '/tunnels' | '/tunnels/bfd' | '/bgp' | '/decisions' | '/sites/$siteId';
  readonly params?: { readonly siteId: string };
  readonly search?: Readonly<Record<string, string | undefined>>;
  /** What one finds there. */
  readonly label: string;
}

type Place = (siteId: string | undefined) => AlarmPlace | null;

const onSite =
  (label: string): Place =>
  (siteId) =>
    siteId === undefined ? null : { to: '/sites/$siteId', params: { siteId }, label };

/** By the codes of the controller; every other is about a gateway. */
const places: Readonly<Record<string, Place>> = {
  TUNNEL_DOWN: (site) => ({ to: '/tunnels', search: { state: 'DOWN', site }, label: 'Tunnels that are down' }),
  PATH_DOWN: (site) => ({ to: '/decisions', search: { site }, label: 'Decisions' }),
  SLA_VIOLATED: (site) => ({ to: '/decisions', search: { site }, label: 'Decisions' }),
  BFD_FLAPPING: (site) => ({ to: '/tunnels/bfd', search: { site }, label: 'BFD sessions' }),
  BFD_PEER_DOWN: (site) => ({ to: '/tunnels/bfd', search: { site }, label: 'BFD sessions' }),
  BGP_NEIGHBOUR_DOWN: (site) => ({ to: '/bgp', search: { site }, label: 'BGP' }),
  BGP_FABRIC_DOWN: (site) => ({ to: '/bgp', search: { site }, label: 'BGP' }),
  BGP_MAX_PREFIX: (site) => ({ to: '/bgp', search: { site }, label: 'BGP' }),
  BGP_MANY_PREFIXES: (site) => ({ to: '/bgp', search: { site }, label: 'BGP' }),
  REACH_LOST: onSite('Reach of the site'),
  BREAKOUT_DOWN: onSite('Uplinks of the site'),
};

/** Null: nothing more is shown anywhere than the alarm says. */
export function alarmPlace(code: string, siteId: string | undefined): AlarmPlace | null {
  return (places[code] ?? onSite('Gateways of the site'))(siteId);
}
