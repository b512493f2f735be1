/**
 * Before the first configuration: every interface with a default route is taken for an uplink, so that enrolment and
 * the first connection can be tried over each of them. Pure.
 */
import { DEFAULT_BFD } from '@patronus/fabric';
import type { Configuration } from '@patronus/protocol';
import type { NetworkView } from './uplinks.ts';

const anyPort = 51_820;

/** A configuration with uplinks and nothing else. */
export function bootstrapConfiguration({ links, mainRoutes }: NetworkView): Configuration {
  const wayOut = new Set(
    mainRoutes
      .filter(({ prefix, type }) => prefix.length === 0 && type === 'unicast')
      .map((route) => route.interfaceIndex),
  );
  const uplinks = links
    .filter(({ index }) => wayOut.has(index))
    .map(({ name }) => ({
      id: name,
      label: name,
      interface: name,
      domain: '',
      cost: 0,
      port: anyPort,
      isDrained: false,
    }));
  return { ...emptyConfiguration, uplinks };
}

/** Nothing runs: no uplink, no tunnel, no route. */
export const emptyConfiguration: Configuration = {
  format: 1,
  version: { epoch: 1, sequence: 1 },
  organisation: 'none',
  issuedAt: '',
  edge: { id: 'none', name: '', siteId: 'none', siteName: '', overlayAddress: '0.0.0.0' },
  controllers: ['none:1'],
  mtu: 1280,
  local: [],
  uplinks: [],
  tunnels: [],
  edges: [],
  routes: [],
  peers: [],
  policies: [],
  treatments: [],
  slaClasses: [],
  applications: [],
  bfd: DEFAULT_BFD,
  bfdPeers: [],
};
