/** OpenBGPD: three processes, told by bgpctl. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AS, OURS, THEIRS } from '../fixtures/bgpWorld.ts';
import { eventually } from '../fixtures/wireWorld.ts';
import { type BgpDaemon, OWN, type TheirPath } from './daemon.ts';

interface OpenBgpPath {
  readonly aspath: string;
  readonly exit_nexthop: string;
  readonly neighbor: { readonly remote_addr: string };
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
  readonly extended_communities?: readonly string[];
}

const community = ['community', `${AS.theirs}:7`];
const own: Readonly<Record<string, readonly string[]>> = {
  [OWN[4]]: [...community, 'large-community', `${AS.theirs}:1:2`, 'ext-community', 'rt', `${AS.theirs}:5`],
  [OWN[6]]: community,
};

/** Its processes shut themselves into a folder that only its service makes: here in a /run of its own. */
const inOwnRun = 'mount -t tmpfs tmpfs /run && mkdir /run/openbgpd && exec /usr/sbin/bgpd -d -f "$1" 2>/dev/null';

export const openbgpd: BgpDaemon = {
  name: 'OpenBGPD',
  cannot: {
    tellingAgain: 'counts a ROUTE-REFRESH and sends nothing for it: 7.7 does so to BIRD too',
    gracefulRestart:
      'names no family that would be kept while it restarts: for it the capability is the End-of-RIB alone',
    bfd: 'has no BFD',
  },
  start: async (world, wishes) => {
    const socket = join(world.folder, 'bgpd.sock');
    const session = [
      `remote-as ${AS.ours}`,
      'announce IPv4 unicast',
      'announce IPv6 unicast',
      ...(wishes.password === undefined ? [] : [`tcp md5sig password ${wishes.password}`]),
      ...(wishes.hasTtlSecurity ? ['ttl-security yes'] : []),
      ...(wishes.hasAddPath ? ['announce add-path recv yes', 'announce add-path send all'] : []),
      ...(wishes.isProvider ? [`announce policy provider${wishes.demandsRole ? ' enforce' : ''}`] : []),
    ];
    const configuration = world.write(
      'openbgpd.conf',
      `AS ${AS.theirs}
router-id ${THEIRS[4]}
fib-update no
connect-retry 1
socket "${socket}"
network ${OWN[4]} set { ${own[OWN[4]]!.join(' ')} }
network ${OWN[6]} set { ${own[OWN[6]]!.join(' ')} }
neighbor ${OURS[4]} {
${session.map((line) => `  ${line}\n`).join('')}}
allow from any
allow to any
`,
    );
    const say = (...words: string[]) => spawnSync('bgpctl', ['-s', socket, ...words], { encoding: 'utf8' }).stdout;
    const neighbour = () => JSON.parse(say('-j', 'show', 'neighbor', OURS[4]) || '{}').neighbors?.[0];
    let child: ChildProcess;
    const start = async () => {
      rmSync(socket, { force: true });
      child = world.start(world.theirs, 'sh', ['-c', inOwnRun, 'sh', configuration]);
      await eventually('OpenBGPD to start', () => existsSync(socket) || undefined);
    };
    // On Linux it takes the first IPv6 address of the loopback for its next hop over a session of IPv4, and that is ::1.
    world.ip(world.theirs, 'addr', 'del', '::1/128', 'dev', 'lo');
    world.ip(world.theirs, 'addr', 'add', `${THEIRS[6]}/128`, 'dev', 'lo');
    await start();
    return {
      process: () => child,
      start,
      isEstablished: () => neighbour()?.state === 'Established',
      wasToldWhy: (words) => say('show', 'neighbor', OURS[4]).includes(words),
      tellsOfRoles: () => /role mismatch/i.test(say('show', 'neighbor', OURS[4])),
      paths: (prefix) => {
        const { rib = [] } = JSON.parse(say('-j', 'show', 'rib', 'detail', prefix) || '{}') as {
          readonly rib?: readonly OpenBgpPath[];
        };
        return rib.filter(({ neighbor }) => neighbor.remote_addr === OURS[4]).map(pathOf);
      },
      withdraw: (prefix) => say('network', 'delete', prefix),
      announce: (prefix) => say('network', 'add', prefix, ...own[prefix]!),
      askAgain: () => say('neighbor', OURS[4], 'refresh'),
      updates: () => neighbour()?.stats.update.received.updates ?? 0,
    };
  },
};

function pathOf(path: OpenBgpPath): TheirPath {
  return {
    ...{ asPath: path.aspath, nextHop: path.exit_nexthop, communities: path.communities ?? [] },
    largeCommunities: path.large_communities ?? [],
    extendedCommunities: (path.extended_communities ?? []).map((one) => one.replace(/^rt /, 'target:')),
  };
}
