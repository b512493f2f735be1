/**
 * Two namespaces on one wire, and everything that is compared over it at once: the wire itself, two forwarders, and
 * wireguard-go in one or two versions. Those that are not measured are idle. All of it goes when `close` is called.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ForwarderPolicy } from '@patronus/forwarder';
import { type Cleanup, eventually, type Site, TwoSites } from '../../test/interop/fixtures/twoSites.ts';
import { keyPair } from '../../test/interop/fixtures/wireguard.ts';

/** Inner MTU of every tunnel. */
export const MTU = 1_420;
const TICKS_PER_SECOND = 100;

export interface Contender {
  readonly name: 'patronus' | 'wireguardGo' | 'other' | 'veth';
  /** Where it is reached from the left side. */
  readonly address: string;
  /** The processes that carry its packets. */
  readonly pids: readonly number[];
}

export class World {
  readonly left: Site;
  readonly right: Site;
  readonly #sites: TwoSites;
  readonly #cleanups: (() => unknown)[] = [];
  readonly #context: Cleanup = { after: ((work: () => unknown) => void this.#cleanups.push(work)) as Cleanup['after'] };
  #tunnels = 0;

  constructor() {
    this.#sites = new TwoSites(this.#context as never);
    this.left = this.#sites.left;
    this.right = this.#sites.right;
  }

  /** Both forwarders, their tunnels up and as wide as they get. */
  async patronus(policies: readonly ForwarderPolicy[] = []): Promise<Contender> {
    await this.#sites.start();
    const { left, right } = this;
    for (const site of [left, right]) site.ip('link', 'set', 'pttun', 'mtu', `${MTU}`);
    this.configure(policies);
    await Promise.all([left.tunnelsUp(2), right.tunnelsUp(2)]);
    for (const site of [left, right]) {
      await eventually('the path MTU to be found', async () =>
        (await site.telemetry()).tunnels.every(({ mtu }) => mtu === MTU) ? true : undefined,
      );
    }
    return { name: 'patronus', address: right.address, pids: [await left.pid(), await right.pid()] };
  }

  /** Tells both forwarders what policies there are. */
  configure(policies: readonly ForwarderPolicy[]): void {
    this.left.tell(this.left.configure(this.right, { mtu: MTU, policies }));
    this.right.tell(this.right.configure(this.left, { mtu: MTU, policies }));
  }

  /** wireguard-go (`binary`) at both ends, each the other's only peer. */
  async wireguardGo(name: 'wireguardGo' | 'other', binary: string): Promise<Contender> {
    const number = this.#tunnels++;
    const keys = [keyPair(), keyPair()] as const;
    const ends = [this.left, this.right] as const;
    const pids: number[] = [];
    for (const [at, site] of ends.entries()) {
      const device = `ptb${site.namespace.slice(-6)}${number}`;
      pids.push(await this.#startWireguardGo(site, binary, device));
      const [own, other] = at === 0 ? [keys[0], keys[1]] : [keys[1], keys[0]];
      const port = 52_000 + number;
      const lines = [
        `[Interface]\nPrivateKey = ${own.privateKey}\nListenPort = ${port}`,
        `[Peer]\nPublicKey = ${other.publicKey}\nAllowedIPs = 10.${30 + number}.0.0/24`,
        `Endpoint = ${ends[1 - at]!.outer('one')}:${port}\n`,
      ];
      site.run('wg', 'setconf', device, this.#file(lines.join('\n')));
      site.ip('addr', 'add', `10.${30 + number}.0.${at + 1}/24`, 'dev', device);
      site.ip('link', 'set', device, 'mtu', `${MTU}`, 'up');
    }
    const address = `10.${30 + number}.0.2`;
    this.left.run('ping', '-q', '-c', '1', '-W', '5', address);
    return { name, address, pids };
  }

  get veth(): Contender {
    return { name: 'veth', address: this.right.outer('one'), pids: [] };
  }

  /** Whether the wire takes large datagrams and cuts them itself, which a real network card does in hardware or not at all. */
  segmentOffload(state: 'on' | 'off'): void {
    for (const site of [this.left, this.right]) site.run('ethtool', '-K', 'ptone', 'tx-udp-segmentation', state);
  }

  /** Limits the wire, both ways, to so many Mbit/s, with a queue as short as a good modem's unless told otherwise. */
  limit(megabits: number, queueMs = 60): void {
    for (const site of [this.left, this.right]) {
      const tbf = ['tbf', 'rate', `${megabits}mbit`, 'burst', '16kb', 'latency', `${queueMs}ms`];
      site.run('tc', 'qdisc', 'replace', 'dev', 'ptone', 'root', ...tbf);
    }
  }

  async close(): Promise<void> {
    for (const work of this.#cleanups.splice(0).reverse()) await work();
  }

  async #startWireguardGo(site: Site, binary: string, device: string): Promise<number> {
    const socket = `/var/run/wireguard/${device}.sock`;
    const child = spawn('ip', ['netns', 'exec', site.namespace, binary, device], {
      env: { ...process.env, WG_PROCESS_FOREGROUND: '1', LOG_LEVEL: 'error' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#cleanups.push(
      () => stop(child),
      () => rmSync(socket, { force: true }),
    );
    await eventually('wireguard-go to open its socket', () => (existsSync(socket) ? true : undefined));
    // `ip netns exec` becomes the program it starts.
    return child.pid!;
  }

  #file(text: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'pt-bench-'));
    this.#cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'settings');
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
}

/**
 * Lets a process go before all ordinary ones: what it measures should not wait for whoever else uses this machine.
 */
export function hasten(pid: number): void {
  execFileSync('chrt', ['-f', '-p', '10', `${pid}`]);
}

/** Seconds of processor time that these processes have used, in user and kernel mode. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}

/** Whether a program is there to be started. */
export function hasProgram(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
