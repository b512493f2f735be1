/**
 * FRR's bfdd beside our forwarders, on the same wires and with the same timers, without the rest of FRR and apart from
 * the machine's own: when does it see the same cut?
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@patronus/system/linux';
import { end } from '../../test/interop/fixtures/ending.ts';

const binary = '/usr/lib/frr/bfdd';

export interface FrrPeer {
  readonly local: string;
  readonly remote: string;
}

export function hasFrr(): boolean {
  return existsSync(binary);
}

interface Change {
  readonly atMs: number;
  readonly remote: string;
  readonly state: string;
}

export class Frr {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pt-bfdd-'));
  readonly #log = join(this.#folder, 'log');
  readonly #child: ChildProcess;

  constructor(namespace: string, peers: readonly FrrPeer[], intervalMs: number, multiplier: number) {
    const sessions = peers.map(
      ({ local, remote }) =>
        ` peer ${remote} local-address ${local}\n  detect-multiplier ${multiplier}\n` +
        `  receive-interval ${intervalMs}\n  transmit-interval ${intervalMs}\n exit\n`,
    );
    const settings = join(this.#folder, 'bfdd.conf');
    writeFileSync(
      settings,
      `log file ${this.#log}\nlog timestamp precision 6\ndebug bfd peer\nbfd\n${sessions.join('')}`,
    );
    chmodSync(this.#folder, 0o755);
    // It gives up root for the user of its package, who has to own its files.
    execFileSync('chown', ['-R', 'frr:frr', this.#folder]);
    const at = (name: string) => join(this.#folder, name);
    const args = [
      '-f',
      settings,
      '-i',
      at('pid'),
      '-z',
      at('zserv'),
      '--vty_socket',
      this.#folder,
      '--bfdctl',
      at('ctl'),
    ];
    this.#child = spawn('ip', ['netns', 'exec', namespace, binary, ...args], {
      // Its log is in local time: this one is the same everywhere.
      env: { ...process.env, TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** `ip netns exec` becomes the program it starts. */
  get pid(): number {
    return this.#child.pid!;
  }

  isUp(remote: string): boolean {
    return this.#changes().findLast((change) => change.remote === remote)?.state === 'up';
  }

  /** Monotonic ms at which the session with `remote` went down after `sinceMs`; undefined: it did not. */
  downAt(remote: string, sinceMs: number): number | undefined {
    return this.#changes().find((each) => each.remote === remote && each.state === 'down' && each.atMs > sinceMs)?.atMs;
  }

  async stop(): Promise<void> {
    await end(this.#child, () => this.#child.kill('SIGTERM'));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #changes(): Change[] {
    if (!existsSync(this.#log)) return [];
    const wallToMonotonic = systemClock.monotonicMs() - systemClock.wallMs();
    const line =
      /^(\d+)\/(\d+)\/(\d+) ([\d:]+)\.(\d{3})(\d{3}) .*state-change: \[.*peer:(\S+) local.*\] \w+ -> (\w+)/gm;
    return [...readFileSync(this.#log, 'utf8').matchAll(line)].map(
      ([, year, month, day, time, ms, us, remote, state]) => ({
        atMs: Date.parse(`${year}-${month}-${day}T${time}.${ms}Z`) + Number(us) / 1_000 + wallToMonotonic,
        remote: remote!,
        state: state!,
      }),
    );
  }
}
