/** GoBGP, which has no routing table of its own to announce from: its routes are told to it once it runs. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { AS, OURS, THEIRS } from '../fixtures/bgpWorld.ts';
import { eventually } from '../fixtures/wireWorld.ts';
import { type BgpDaemon, familyOf, OWN, type TheirPath } from './daemon.ts';

/** Path attributes as its JSON has them, by type code. */
type GoBgpAttribute =
  | { readonly type: 2; readonly as_paths: readonly { readonly asns: readonly number[] }[] }
  | { readonly type: 3 | 14; readonly nexthop: string }
  | { readonly type: 8; readonly communities: readonly number[] }
  | { readonly type: 16; readonly value: readonly { readonly subtype: number; readonly value: string }[] }
  | {
      readonly type: 32;
      readonly value: readonly { readonly ASN: number; readonly LocalData1: number; readonly LocalData2: number }[];
    };

interface GoBgpPath {
  readonly attrs: readonly GoBgpAttribute[];
  readonly 'neighbor-ip'?: string;
}

const ESTABLISHED = 6;
const own: Readonly<Record<string, readonly string[]>> = {
  [OWN[4]]: ['community', `${AS.theirs}:7`, 'large-community', `${AS.theirs}:1:2`, 'rt', `${AS.theirs}:5`],
  [OWN[6]]: ['nexthop', THEIRS[6], 'community', `${AS.theirs}:7`],
};

export const gobgp: BgpDaemon = {
  name: 'GoBGP',
  cannot: {
    askingAgain: 'keeps what it was told before its policy, and never sends a ROUTE-REFRESH',
    roles: 'has no RFC 9234',
    bfd: 'has no BFD',
  },
  start: async (world, wishes) => {
    const family = (name: string) => `[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "${name}"
[neighbors.afi-safis.mp-graceful-restart.config]
enabled = true
${wishes.hasAddPath ? '[neighbors.afi-safis.add-paths.config]\nreceive = true\nsend-max = 4' : ''}`;
    const configuration = world.write(
      'gobgpd.toml',
      `[global.config]
as = ${AS.theirs}
router-id = "${THEIRS[4]}"
[[neighbors]]
[neighbors.config]
neighbor-address = "${OURS[4]}"
peer-as = ${AS.ours}
${wishes.password === undefined ? '' : `auth-password = "${wishes.password}"`}
[neighbors.timers.config]
connect-retry = 1
idle-hold-time-after-reset = 1
[neighbors.graceful-restart.config]
enabled = true
restart-time = 60
${wishes.hasTtlSecurity ? '[neighbors.ttl-security.config]\nenabled = true\nttl-min = 255' : ''}
${family('ipv4-unicast')}
${family('ipv6-unicast')}
`,
    );
    const say = (...words: string[]) =>
      spawnSync('ip', ['netns', 'exec', world.theirs, 'gobgp', ...words], { encoding: 'utf8' });
    const announce = (prefix: string) => {
      say('global', 'rib', '-a', `ipv${familyOf(prefix)}`, 'add', prefix, ...own[prefix]!);
    };
    const neighbour = () => JSON.parse(say('neighbor', OURS[4], '-j').stdout || '{}');
    let child: ChildProcess;
    const start = async () => {
      child = world.start(world.theirs, 'gobgpd', ['-f', configuration, '-l', 'error', '--pprof-disable']);
      await eventually('GoBGP to answer', () => say('global').status === 0 || undefined);
      for (const prefix of [OWN[4], OWN[6]]) announce(prefix);
    };
    await start();
    return {
      process: () => child,
      start,
      isEstablished: () => neighbour().state?.session_state === ESTABLISHED,
      paths: (prefix) => {
        const text = say('global', 'rib', '-a', `ipv${familyOf(prefix)}`, prefix, '-j').stdout;
        const tables: Readonly<Record<string, readonly GoBgpPath[]>> = text.startsWith('{') ? JSON.parse(text) : {};
        const all = Object.values(tables).flat();
        return all.filter((path) => path['neighbor-ip'] === OURS[4]).map(({ attrs }) => pathOf(attrs));
      },
      withdraw: (prefix) => say('global', 'rib', '-a', `ipv${familyOf(prefix)}`, 'del', prefix),
      announce,
      askAgain: () => {
        for (const which of ['ipv4', 'ipv6']) say('neighbor', OURS[4], 'softresetin', '-a', which);
      },
      updates: () => neighbour().state?.messages?.received?.update ?? 0,
    };
  },
};

function noCommunities(): Record<'communities' | 'largeCommunities' | 'extendedCommunities', string[]> {
  return { communities: [], largeCommunities: [], extendedCommunities: [] };
}

function pathOf(attributes: readonly GoBgpAttribute[]): TheirPath {
  const path = { asPath: '', nextHop: '', ...noCommunities() };
  for (const attribute of attributes) {
    switch (attribute.type) {
      case 2:
        path.asPath = attribute.as_paths.flatMap(({ asns }) => asns).join(' ');
        break;
      case 3:
      case 14:
        path.nextHop = attribute.nexthop;
        break;
      case 8:
        path.communities = attribute.communities.map((one) => `${one >>> 16}:${one & 0xffff}`);
        break;
      case 16:
        path.extendedCommunities = attribute.value.map(({ value }) => `target:${value}`);
        break;
      case 32:
        path.largeCommunities = attribute.value.map((one) => `${one.ASN}:${one.LocalData1}:${one.LocalData2}`);
    }
  }
  return path;
}
