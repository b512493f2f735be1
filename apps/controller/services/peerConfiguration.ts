import type { Network, Peer } from '../network/network.ts';

/**
 * What a stock WireGuard peer needs, as a wg-quick file. Its own private key, and a preshared key if it has one, are
 * the peer's to fill in: the controller never shows a secret, not even one it was given.
 */
export function wgQuick(network: Network, peer: Peer): string {
  const site = network.sites.get(peer.site_id);
  const uplink = network.uplinks.get(peer.uplink_id);
  const endpoint = uplink === undefined ? undefined : [...uplink.publicEndpoints, ...uplink.reportedEndpoints][0];
  const prefixes = site?.prefixes.map(({ prefix }) => prefix) ?? [];
  return [
    `# ${peer.name}: into ${site?.name ?? peer.site_id} through ${uplink?.label ?? peer.uplink_id}`,
    '[Interface]',
    'PrivateKey = PUT THE PRIVATE KEY OF THIS PEER HERE',
    `Address = ${peer.address}`,
    '',
    '[Peer]',
    uplink?.public_key == null
      ? '# PublicKey: not known before the gateway has enrolled'
      : `PublicKey = ${uplink.public_key}`,
    ...(peer.preshared_key === null ? [] : ['PresharedKey = PUT THE PRESHARED KEY HERE']),
    `AllowedIPs = ${prefixes.join(', ')}`,
    endpoint === undefined ? '# Endpoint: not known before the gateway has enrolled' : `Endpoint = ${endpoint}`,
    'PersistentKeepalive = 25',
    '',
  ].join('\n');
}
