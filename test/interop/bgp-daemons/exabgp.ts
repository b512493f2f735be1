/** ExaBGP, which keeps no routes: a program of ours tells it what to say, and gets what it hears as JSON. */
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AS, OURS, THEIRS } from '../fixtures/bgpWorld.ts';
import { eventually } from '../fixtures/wireWorld.ts';
import { type BgpDaemon, OWN, type TheirPath } from './daemon.ts';

interface Nlri {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

/** A line that it writes; of what is in it, what is looked at here. */
interface Heard {
  readonly type: string;
  readonly neighbor: {
    readonly state?: string;
    readonly message?: {
      readonly update?: {
        readonly attribute?: {
          readonly 'as-path'?: readonly number[];
          readonly community?: readonly (readonly number[])[];
          readonly 'large-community'?: readonly (readonly number[])[];
          readonly 'extended-community'?: readonly { readonly string: string }[];
        };
        readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly Nlri[]>>>>;
        readonly withdraw?: Readonly<Record<string, readonly Nlri[]>>;
      };
    };
  };
}

const own: Readonly<Record<string, string>> = {
  [OWN[4]]: `next-hop ${THEIRS[4]} community [${AS.theirs}:7] large-community [${AS.theirs}:1:2] extended-community [target:${AS.theirs}:5]`,
  [OWN[6]]: `next-hop ${THEIRS[6]} community [${AS.theirs}:7]`,
};

export const exabgp: BgpDaemon = {
  name: 'ExaBGP',
  cannot: {
    tellingAgain:
      'fails on marking where an answer begins (RFC 7313), which it offers itself, and drops the session: 4.2.21',
    helpingToRestart: 'keeps no routes at all',
    roles: 'has no RFC 9234',
    bfd: 'has no BFD',
  },
  start: async (world, wishes) => {
    const heard = join(world.folder, 'heard');
    const commands = world.write('commands', '');
    // What is written to `commands` goes to it; what comes from it goes to `heard`. Both end with it.
    const program = world.write('told.sh', `tail --pid=$$ -f -n +1 ${commands} & exec cat > ${heard}\n`);
    const session = [
      `router-id ${THEIRS[4]}`,
      `local-address ${THEIRS[4]}`,
      `local-as ${AS.theirs}`,
      `peer-as ${AS.ours}`,
      ...(wishes.password === undefined ? [] : [`md5-password "${wishes.password}"`, 'md5-base64 false']),
      ...(wishes.hasTtlSecurity ? ['outgoing-ttl 255', 'incoming-ttl 255'] : []),
    ];
    const configuration = world.write(
      'exabgp.conf',
      `process told { run /bin/sh ${program}; encoder json; }
neighbor ${OURS[4]} {
${session.map((line) => `  ${line};\n`).join('')}  family { ipv4 unicast; ipv6 unicast; }
  capability { graceful-restart 60; route-refresh enable; ${wishes.hasAddPath ? 'add-path send/receive;' : ''} }
  api { processes [ told ]; neighbor-changes; receive { parsed; update; } }
}
`,
    );
    const say = (line: string) => appendFileSync(commands, `${line}\n`);
    const withPath = wishes.hasAddPath ? 'path-information 0.0.0.7 ' : '';
    const announce = (prefix: string) => say(`announce route ${prefix} ${withPath}${own[prefix]}`);
    const lines = () =>
      existsSync(heard)
        ? readFileSync(heard, 'utf8')
            .split('\n')
            .filter((line) => line.startsWith('{') && line.endsWith('}'))
            .map((line) => JSON.parse(line) as Heard)
        : [];
    let child: ChildProcess;
    const start = async () => {
      rmSync(heard, { force: true });
      const settings = ['exabgp.daemon.user=root', 'exabgp.api.cli=false', 'exabgp.log.level=CRIT'];
      child = world.start(world.theirs, 'env', [...settings, 'exabgp', configuration]);
      await eventually('ExaBGP to start', () => existsSync(heard) || undefined);
    };
    await start();
    for (const prefix of [OWN[4], OWN[6]]) announce(prefix);
    return {
      process: () => child,
      start,
      isEstablished: () => lines().findLast(({ type }) => type === 'state')?.neighbor.state === 'up',
      paths: (prefix) => pathsIn(lines(), prefix),
      withdraw: (prefix) => say(`withdraw route ${prefix} ${withPath}${own[prefix]}`),
      announce,
      askAgain: () => {
        for (const which of ['ipv4', 'ipv6']) say(`announce route-refresh ${which} unicast`);
      },
      updates: () => lines().filter(({ type }) => type === 'update').length,
    };
  },
};

/** What is left of a prefix after all that was heard. */
function pathsIn(lines: readonly Heard[], prefix: string): TheirPath[] {
  const paths = new Map<string, TheirPath>();
  for (const { type, neighbor } of lines) {
    if (type === 'state' && neighbor.state === 'down') paths.clear();
    const { attribute, announce = {}, withdraw = {} } = neighbor.message?.update ?? {};
    for (const one of Object.values(withdraw).flat()) {
      if (one.nlri === prefix) paths.delete(one['path-information'] ?? '');
    }
    for (const [nextHop, prefixes] of Object.values(announce).flatMap((hops) => Object.entries(hops))) {
      const found = prefixes.find(({ nlri }) => nlri === prefix);
      if (found === undefined) continue;
      paths.set(found['path-information'] ?? '', {
        asPath: (attribute?.['as-path'] ?? []).join(' '),
        nextHop,
        communities: (attribute?.community ?? []).map((parts) => parts.join(':')),
        largeCommunities: (attribute?.['large-community'] ?? []).map((parts) => parts.join(':')),
        extendedCommunities: (attribute?.['extended-community'] ?? []).map(({ string }) => string),
      });
    }
  }
  return [...paths.values()];
}
