/** FRR: bgpd with zebra, which tells it of next hops, and bfdd where BFD is wished for. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AS, OURS, THEIRS } from '../fixtures/bgpWorld.ts';
import { eventually } from '../fixtures/wireWorld.ts';
import { type BgpDaemon, familyOf, OWN, type TheirPath } from './daemon.ts';

interface FrrPath {
  readonly aspath: { readonly string: string };
  readonly nexthops: readonly { readonly ip: string }[];
  readonly community?: { readonly string: string };
  readonly largeCommunity?: { readonly string: string };
  readonly extendedCommunity?: { readonly string: string };
  readonly peer: { readonly peerId: string };
}

export const frr: BgpDaemon = {
  name: 'FRR',
  cannot: {},
  start: async (world, wishes) => {
    const session = [
      `remote-as ${AS.ours}`,
      'timers connect 1',
      'advertisement-interval 0',
      ...(wishes.password === undefined ? [] : [`password ${wishes.password}`]),
      ...(wishes.hasTtlSecurity ? ['ttl-security hops 1'] : []),
      ...(wishes.isProvider ? [`local-role provider${wishes.demandsRole ? ' strict-mode' : ''}`] : []),
      ...(wishes.hasBfd ? ['bfd 3 50 50'] : []),
    ].map((line) => ` neighbor ${OURS[4]} ${line}`);
    const family = (which: 4 | 6, name: string) => ` address-family ${name}
  network ${OWN[which]} route-map own${which}
  neighbor ${OURS[4]} activate
  neighbor ${OURS[4]} route-map told${which} out
${wishes.hasAddPath ? `  neighbor ${OURS[4]} addpath-tx-all-paths\n` : ''} exit-address-family`;
    const configuration = world.write(
      'bgpd.conf',
      `router bgp ${AS.theirs}
 bgp router-id ${THEIRS[4]}
 no bgp ebgp-requires-policy
 no bgp network import-check
 bgp graceful-restart
 bgp log-neighbor-changes
${session.join('\n')}
${family(4, 'ipv4 unicast')}
${family(6, 'ipv6 unicast')}
exit
route-map own4 permit 10
 set community ${AS.theirs}:7
 set large-community ${AS.theirs}:1:2
 set extcommunity rt ${AS.theirs}:5
exit
route-map own6 permit 10
 set community ${AS.theirs}:7
exit
route-map told4 permit 10
exit
route-map told6 permit 10
 set ipv6 next-hop global ${THEIRS[6]}
exit
`,
    );
    const logOf = (daemon: string) => join(world.folder, `${daemon}.log`);
    const shared = ['--vty_socket', world.folder, '-z', join(world.folder, 'zserv')];
    const start = async (daemon: string, ...args: string[]): Promise<ChildProcess> => {
      const door = join(world.folder, `${daemon}.vty`);
      rmSync(door, { force: true });
      const own = ['-i', join(world.folder, `${daemon}.pid`), '--log', `file:${logOf(daemon)}`];
      const child = world.start(world.theirs, `/usr/lib/frr/${daemon}`, [...shared, ...own, ...args]);
      await eventually(`${daemon} to start`, () => existsSync(door) || undefined);
      return child;
    };
    await start('zebra', '-f', world.write('zebra.conf', '\n'));
    if (wishes.hasBfd) {
      await start('bfdd', '-f', world.write('bfdd.conf', '\n'), '--bfdctl', join(world.folder, 'bfdd.sock'));
    }
    let child: ChildProcess;
    const startBgp = async () => {
      child = await start('bgpd', '-f', configuration);
    };
    await startBgp();
    const say = (...commands: string[]) =>
      spawnSync('vtysh', ['--vty_socket', world.folder, ...commands.flatMap((one) => ['-c', one])], {
        encoding: 'utf8',
      }).stdout;
    const neighbour = () => JSON.parse(say(`show bgp neighbors ${OURS[4]} json`) || '{}')[OURS[4]];
    const change = (prefix: string, line: string) => {
      const family = `address-family ipv${familyOf(prefix)} unicast`;
      say('configure terminal', `router bgp ${AS.theirs}`, family, line);
    };
    return {
      process: () => child,
      start: startBgp,
      isEstablished: () => neighbour()?.bgpState === 'Established',
      wasToldWhy: (words) => neighbour()?.lastShutdownDescription === words,
      // What it says of a neighbour is of sessions that were up.
      tellsOfRoles: () =>
        /NOTIFICATION: .* 2\/11 \(OPEN Message Error\/Role Mismatch\)/.test(readFileSync(logOf('bgpd'), 'utf8')),
      paths: (prefix) => {
        const text = say(`show bgp ipv${familyOf(prefix)} unicast ${prefix} json`);
        const { paths = [] } = JSON.parse(text || '{}') as { readonly paths?: readonly FrrPath[] };
        return paths.filter(({ peer }) => peer.peerId === OURS[4]).map(pathOf);
      },
      withdraw: (prefix) => change(prefix, `no network ${prefix} route-map own${familyOf(prefix)}`),
      announce: (prefix) => change(prefix, `network ${prefix} route-map own${familyOf(prefix)}`),
      askAgain: () => {
        for (const which of [4, 6]) say(`clear bgp ipv${which} unicast ${OURS[4]} soft in`);
      },
      updates: () => neighbour()?.messageStats.updatesRecv ?? 0,
    };
  },
};

function pathOf({ aspath, nexthops, community, largeCommunity, extendedCommunity }: FrrPath): TheirPath {
  const words = (list: { readonly string: string } | undefined) => list?.string.split(' ') ?? [];
  return {
    asPath: aspath.string,
    nextHop: nexthops[0]!.ip,
    communities: words(community),
    largeCommunities: words(largeCommunity),
    extendedCommunities: words(extendedCommunity).map((word) => word.replace(/^RT:/, 'target:')),
  };
}
