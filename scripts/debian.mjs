/** Debian packages by a program each of them brings: what the lab needs to run, and what the tests add. */
export const labPrograms = {
  ip: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  ethtool: 'ethtool',
  ping: 'iputils-ping',
  sysctl: 'procps',
};

export const testPrograms = {
  ...labPrograms,
  wg: 'wireguard-tools',
  'wireguard-go': 'wireguard-go',
  chromium: 'chromium',
  iperf3: 'iperf3',
  tcpdump: 'tcpdump',
  faketime: 'faketime',
  openssl: 'openssl',
  unshare: 'util-linux',
  bird: 'bird2',
  vtysh: 'frr',
  gobgpd: 'gobgpd',
  bgpctl: 'openbgpd',
  exabgp: 'exabgp',
};

/** Services that some of these packages start on their own, and that nobody asked for: tests run the daemons themselves. */
export const unwantedServices = { bird2: 'bird', frr: 'frr', gobgpd: 'gobgpd', openbgpd: 'openbgpd', exabgp: 'exabgp' };
