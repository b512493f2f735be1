/** The speakers that are measured: how each is started with two neighbours that call, and how it tells what it holds. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SummaryReport } from '@patronus/bgp';
import { ask } from '@patronus/router/host';

export const DAEMON = '10.97.0.2';
export const SENDER = '10.97.0.1';
export const THIRD = '10.97.0.3';
export const AS = { daemon: 64_500, sender: 64_501, third: 64_502 } as const;
export const HOLD_S = 9;

export interface Running {
  readonly command: string;
  readonly args: readonly string[];
  /** Routes that it holds now; undefined: it does not say yet. */
  readonly count: (exec: Exec) => Promise<number | undefined> | number | undefined;
}

/** Runs a command beside the daemon and gives what it prints. */
export type Exec = (command: string, ...args: string[]) => string;

export interface Daemon {
  /** What has to be there for it. */
  readonly program: string;
  readonly prepare: (folder: string) => Running;
}

interface FrrSummary {
  readonly peers?: Readonly<Record<string, { readonly pfxRcd?: number }>>;
}

const cli = fileURLToPath(new URL('../../apps/cli/main.ts', import.meta.url));

export const daemons: Readonly<Record<string, Daemon>> = {
  patronus: {
    program: process.execPath,
    prepare: (folder) => {
      const socket = join(folder, 'bgp.sock');
      const config = write(
        folder,
        'bgp.yaml',
        `router: { as: ${AS.daemon}, identifier: ${DAEMON}, listen: [${DAEMON}], controlSocket: ${socket} }
groups: { all: { import: accept, export: accept, passive: true, holdTime: ${HOLD_S} } }
neighbours:
  - { address: ${SENDER}, as: ${AS.sender}, group: all }
  - { address: ${THIRD}, as: ${AS.third}, group: all }
`,
      );
      return {
        command: process.execPath,
        args: [cli, 'bgp', 'run', '--config', config, '--quiet'],
        // Over the socket, because starting a command line costs more than what is measured.
        count: async () => {
          for await (const summary of ask(socket, { command: 'summary' })) {
            return (summary as SummaryReport).families.find(({ family }) => family === 'ipv4 unicast')?.routes ?? 0;
          }
          return undefined;
        },
      };
    },
  },
  bird: {
    program: 'bird',
    prepare: (folder) => {
      const socket = join(folder, 'bird.ctl');
      const config = write(
        folder,
        'bird.conf',
        `router id ${DAEMON}; protocol device { }
${[SENDER, THIRD]
  .map(
    (address) => `protocol bgp { local ${DAEMON} as ${AS.daemon}; neighbor ${address} as ${asOf(address)}; passive on;
  hold time ${HOLD_S}; ipv4 { import all; export all; }; }`,
  )
  .join('\n')}
`,
      );
      return {
        command: 'bird',
        args: ['-f', '-c', config, '-s', socket, '-P', join(folder, 'bird.pid')],
        count: (exec) => numberIn(exec('birdc', '-s', socket, 'show', 'route', 'count'), /^(\d+) of/m),
      };
    },
  },
  frr: {
    program: '/usr/lib/frr/bgpd',
    prepare: (folder) => {
      const config = write(
        folder,
        'bgpd.conf',
        `router bgp ${AS.daemon}
 bgp router-id ${DAEMON}
 no bgp ebgp-requires-policy
 timers bgp 3 ${HOLD_S}
${[SENDER, THIRD].map((address) => ` neighbor ${address} remote-as ${asOf(address)}\n neighbor ${address} passive\n neighbor ${address} advertisement-interval 0`).join('\n')}
`,
      );
      const shared = ['-Z', '-S', '-i', join(folder, 'bgpd.pid'), '--vty_socket', folder];
      return {
        command: '/usr/lib/frr/bgpd',
        args: ['-f', config, '-l', DAEMON, ...shared, '-u', 'root', '-g', 'root'],
        // Its `ribCount` also counts places in the tree that hold no route.
        count: (exec) => {
          const text = exec('vtysh', '--vty_socket', folder, '-c', 'show bgp ipv4 unicast summary json');
          return (JSON.parse(text) as FrrSummary).peers?.[SENDER]?.pfxRcd;
        },
      };
    },
  },
  gobgp: {
    program: 'gobgpd',
    prepare: (folder) => {
      const config = write(
        folder,
        'gobgpd.toml',
        `[global.config]
as = ${AS.daemon}
router-id = "${DAEMON}"
local-address-list = ["${DAEMON}"]
${[SENDER, THIRD]
  .map(
    (address) => `[[neighbors]]
[neighbors.config]
neighbor-address = "${address}"
peer-as = ${asOf(address)}
[neighbors.timers.config]
hold-time = ${HOLD_S}
keepalive-interval = 3
[neighbors.transport.config]
passive-mode = true`,
  )
  .join('\n')}
`,
      );
      return {
        command: 'gobgpd',
        args: ['-f', config, '--api-hosts', '127.0.0.1:50051', '-l', 'error', '--pprof-disable'],
        count: (exec) => numberIn(exec('gobgp', 'global', 'rib', 'summary'), /Destination:\s*(\d+)/),
      };
    },
  },
  openbgpd: {
    program: '/usr/sbin/bgpd',
    prepare: (folder) => {
      const socket = join(folder, 'bgpd.sock');
      const config = write(
        folder,
        'openbgpd.conf',
        `AS ${AS.daemon}
router-id ${DAEMON}
listen on ${DAEMON}
fib-update no
holdtime ${HOLD_S}
socket "${socket}"
${[SENDER, THIRD].map((address) => `neighbor ${address} {\n remote-as ${asOf(address)}\n passive\n announce IPv4 unicast\n}`).join('\n')}
allow from any
allow to any
`,
      );
      return {
        command: 'sh',
        args: ['-c', inOwnRun, 'sh', config],
        // Without any there is no such line.
        count: (exec) =>
          numberIn(exec('bgpctl', '-s', socket, 'show', 'rib', 'memory'), /(\d+) IPv4 unicast network entries/) ?? 0,
      };
    },
  },
};

/** OpenBGPD's processes shut themselves into a folder that only its service makes: here in a /run of its own. */
const inOwnRun = 'mount -t tmpfs tmpfs /run && mkdir /run/openbgpd && exec /usr/sbin/bgpd -d -f "$1"';

function asOf(address: string): number {
  return address === SENDER ? AS.sender : AS.third;
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function numberIn(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text);
  return found === null ? undefined : Number(found[1]);
}

/** Whether it is installed. */
export function isThere({ program }: Daemon): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
