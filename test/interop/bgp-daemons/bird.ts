/** BIRD 2. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AS, OURS, THEIRS } from '../fixtures/bgpWorld.ts';
import { eventually } from '../fixtures/wireWorld.ts';
import { type BgpDaemon, familyOf, OWN, type TheirPath } from './daemon.ts';

export const bird: BgpDaemon = {
  name: 'BIRD',
  cannot: {},
  start: async (world, wishes) => {
    const session = [
      wishes.password === undefined ? '' : `password "${wishes.password}";`,
      wishes.hasTtlSecurity ? 'ttl security on;' : '',
      wishes.isProvider ? 'local role provider;' : '',
      wishes.demandsRole ? 'require roles on;' : '',
      wishes.hasBfd ? 'bfd on;' : '',
    ].join(' ');
    const channel = `import all; export all; ${wishes.hasAddPath ? 'add paths on;' : ''}`;
    const configuration = world.write(
      'bird.conf',
      `router id ${THEIRS[4]}; protocol device { }
protocol bfd { interface "*" { interval 50 ms; multiplier 3; }; }
protocol static own4 { ipv4; route ${OWN[4]} blackhole { bgp_community.add((${AS.theirs},7));
  bgp_large_community.add((${AS.theirs},1,2)); bgp_ext_community.add((rt, ${AS.theirs}, 5)); }; }
protocol static own6 { ipv6; route ${OWN[6]} blackhole { bgp_community.add((${AS.theirs},7)); }; }
protocol bgp ours { local as ${AS.theirs}; neighbor ${OURS[4]} as ${AS.ours}; connect retry time 1; connect delay time 1;
  error wait time 1, 2; graceful restart on; ${session} ipv4 { ${channel} }; ipv6 { ${channel} }; }
`,
    );
    const socket = join(world.folder, 'bird.ctl');
    const say = (...words: string[]) => spawnSync('birdc', ['-s', socket, ...words], { encoding: 'utf8' }).stdout;
    let child: ChildProcess;
    const start = async () => {
      rmSync(socket, { force: true });
      const files = ['-c', configuration, '-s', socket, '-P', join(world.folder, 'bird.pid')];
      child = world.start(world.theirs, 'bird', ['-f', ...files]);
      await eventually('BIRD to start', () => existsSync(socket) || undefined);
    };
    await start();
    return {
      process: () => child,
      start,
      isEstablished: () => say('show', 'protocols', 'ours').includes('Established'),
      wasToldWhy: () => /Received: Administrative shutdown/.test(say('show', 'protocols', 'all', 'ours')),
      tellsOfRoles: () => /Last error: .*Role mismatch/.test(say('show', 'protocols', 'all', 'ours')),
      // It ends with 1 where it finds nothing.
      paths: (prefix) => pathsIn(say('show', 'route', 'all', 'for', prefix)),
      withdraw: (prefix) => say('disable', `own${familyOf(prefix)}`),
      announce: (prefix) => say('enable', `own${familyOf(prefix)}`),
      askAgain: () => say('reload', 'in', 'ours'),
      updates: () => {
        const counts = say('show', 'protocols', 'all', 'ours').matchAll(/Import updates: +(\d+)/g);
        return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
      },
    };
  },
};

function pathsIn(text: string): TheirPath[] {
  const paths = text.split(/^(?=.*unicast \[)/m).filter((part) => part.includes('unicast [ours'));
  return paths.map((part) => {
    const value = (name: string) => new RegExp(`BGP\\.${name}: (.*)`).exec(part)?.[1] ?? '';
    const groups = (name: string) =>
      [...value(name).matchAll(/\(([^)]*)\)/g)].map(([, inside]) => inside!.split(/, ?/));
    return {
      asPath: value('as_path'),
      nextHop: value('next_hop').split(' ')[0]!,
      communities: groups('community').map((parts) => parts.join(':')),
      largeCommunities: groups('large_community').map((parts) => parts.join(':')),
      extendedCommunities: groups('ext_community').map(([kind, ...parts]) => {
        return [kind === 'rt' ? 'target' : kind, ...parts].join(':');
      }),
    };
  });
}
