/**
 * The lab's network as a list of steps: namespaces, wires, addresses, routes.
 *
 *   host ── ptlan [gateway] ptinternet ── ptw0site [wires: bridge or relay] ptw0core ── ptup0 [core] ptctl ── root
 *
 * Every uplink passes through the wires namespace, where a bridge joins the two ends of its wire; impair.ts spoils it
 * there, out of sight of both the gateway and the core. Pure: nothing here runs anything.
 */
import type { HostLayout, Layout, SiteLayout, UplinkLayout } from './layout.ts';
import * as names from './names.ts';
import { inside, ip, ipIn, type Step } from './step.ts';

/** In order; each step needs those before it. */
export function buildSteps(layout: Layout): Step[] {
  return [
    ...namespaceSteps(layout.core, 'router'),
    ...namespaceSteps(layout.wires, 'wires'),
    ...controlSteps(layout),
    ...layout.sites.flatMap((site) => siteSteps(layout, site)),
  ];
}

/** What must go first when the lab is taken down; deleting the namespaces, by whoever runs this, does the rest. */
export function controlRemoval(lab: string): Step {
  return ip('link', 'delete', names.controlInterface(lab));
}

type Role = 'router' | 'host' | 'wires';

const sysctls: Readonly<Record<Role, readonly string[]>> = {
  // Replies may leave by another uplink than the one a request came in by, so no reverse-path filter.
  router: [
    'net.ipv4.ip_forward=1',
    'net.ipv6.conf.all.forwarding=1',
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.default.rp_filter=0',
    'net.ipv6.conf.default.accept_dad=0',
    'net.ipv4.conf.all.send_redirects=0',
    'net.ipv4.conf.default.send_redirects=0',
  ],
  host: ['net.ipv6.conf.default.accept_dad=0', 'net.ipv6.conf.default.accept_ra=0'],
  // A wire has no address and says nothing of its own.
  wires: ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'],
};

function namespaceSteps(namespace: string, role: Role): Step[] {
  return [
    ip('netns', 'add', namespace),
    inside(namespace, 'sysctl', '-qw', ...sysctls[role]),
    ipIn(namespace, 'link', 'set', 'lo', 'up'),
  ];
}

function controlSteps({ core, control, block, block6, fixedRanges }: Layout): Step[] {
  return [
    ip('link', 'add', control.rootInterface, 'type', 'veth', 'peer', 'name', control.coreInterface, 'netns', core),
    ip('address', 'add', `${control.rootAddress}/30`, 'dev', control.rootInterface),
    ip('address', 'add', `${control.rootAddress6}/64`, 'dev', control.rootInterface, 'nodad'),
    ip('link', 'set', control.rootInterface, 'up'),
    ipIn(core, 'address', 'add', `${control.coreAddress}/30`, 'dev', control.coreInterface),
    ipIn(core, 'address', 'add', `${control.coreAddress6}/64`, 'dev', control.coreInterface, 'nodad'),
    ipIn(core, 'link', 'set', control.coreInterface, 'up'),
    ...[block, ...fixedRanges].map((range) =>
      ip('route', 'add', range, 'via', control.coreAddress, 'dev', control.rootInterface),
    ),
    ip('route', 'add', block6, 'via', control.coreAddress6, 'dev', control.rootInterface),
  ];
}

function siteSteps(layout: Layout, site: SiteLayout): Step[] {
  const { namespace } = site;
  return [
    ...namespaceSteps(namespace, 'router'),
    ipIn(namespace, 'link', 'add', names.lanInterface, 'type', 'bridge', 'mcast_snooping', '0'),
    ipIn(namespace, 'address', 'add', `${site.gateway}/24`, 'dev', names.lanInterface),
    ipIn(namespace, 'address', 'add', `${site.gateway6}/64`, 'dev', names.lanInterface, 'nodad'),
    ipIn(namespace, 'link', 'set', names.lanInterface, 'up'),
    ...site.hosts.flatMap((host, i) => hostSteps(site, host, i)),
    ...site.uplinks.flatMap((uplink) => uplinkSteps(layout, namespace, uplink)),
  ];
}

function hostSteps(site: SiteLayout, host: HostLayout, order: number): Step[] {
  const { namespace } = host;
  const lan = names.hostInterface;
  const port = names.lanPort(order);
  return [
    ...namespaceSteps(namespace, 'host'),
    ip('link', 'add', lan, 'netns', namespace, 'type', 'veth', 'peer', 'name', port, 'netns', site.namespace),
    ipIn(site.namespace, 'link', 'set', port, 'master', names.lanInterface, 'up'),
    ipIn(namespace, 'address', 'add', `${host.address}/24`, 'dev', lan),
    ipIn(namespace, 'address', 'add', `${host.address6}/64`, 'dev', lan, 'nodad'),
    ipIn(namespace, 'link', 'set', lan, 'up'),
    ipIn(namespace, 'route', 'add', 'default', 'via', site.gateway),
    ipIn(namespace, 'route', 'add', 'default', 'via', site.gateway6),
  ];
}

function uplinkSteps({ core, wires }: Layout, gateway: string, uplink: UplinkLayout): Step[] {
  const { wire, metric } = uplink;
  const sides = [
    {
      namespace: gateway,
      device: uplink.interface,
      inner: wire.site,
      mac: uplink.siteMac,
      address: uplink.siteAddress,
      address6: uplink.siteAddress6,
      peer: { mac: uplink.coreMac, address: uplink.coreAddress, address6: uplink.coreAddress6 },
    },
    {
      namespace: core,
      device: uplink.coreInterface,
      inner: wire.core,
      mac: uplink.coreMac,
      address: uplink.coreAddress,
      address6: uplink.coreAddress6,
      peer: { mac: uplink.siteMac, address: uplink.siteAddress, address6: uplink.siteAddress6 },
    },
  ];
  return [
    ipIn(wires, 'link', 'add', wire.bridge, 'type', 'bridge', 'mcast_snooping', '0'),
    ipIn(wires, 'link', 'set', wire.bridge, 'alias', `${uplink.site}:${uplink.label}`, 'up'),
    ...sides.flatMap(({ namespace, device, inner, mac, address, address6, peer }) => [
      ip(
        ...['link', 'add', device, 'netns', namespace, 'address', mac, 'type', 'veth'],
        ...['peer', 'name', inner, 'netns', wires],
      ),
      ipIn(wires, 'link', 'set', inner, 'master', wire.bridge, 'up'),
      ipIn(namespace, 'address', 'add', `${address}/30`, 'dev', device),
      ipIn(namespace, 'address', 'add', `${address6}/64`, 'dev', device, 'nodad'),
      ipIn(namespace, 'link', 'set', device, 'up'),
      // Fixed neighbours: a cut wire is felt as silence, never as "host unreachable" from a failed ARP.
      ...[peer.address, peer.address6].map((to) =>
        ipIn(namespace, 'neighbour', 'replace', to, 'lladdr', peer.mac, 'dev', device, 'nud', 'permanent'),
      ),
    ]),
    ...[uplink.coreAddress, uplink.coreAddress6].map((via) =>
      ipIn(gateway, 'route', 'add', 'default', 'via', via, 'dev', uplink.interface, 'metric', String(metric)),
    ),
  ];
}
