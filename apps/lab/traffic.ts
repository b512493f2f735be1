/** Traffic between all hosts of different sites, by one prober in each host's namespace, and what became of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { LabError } from './errors.ts';
import type { HostLayout, Layout } from './layout.ts';
import type { ProbeCommand, TargetReport } from './prober.ts';
import { endChild } from './supervisor.ts';

export interface PairReport extends TargetReport {
  readonly from: string;
  readonly to: string;
}

export interface Traffic {
  /** Stops sending and counts, late answers included. */
  finish(): Promise<PairReport[]>;
  /** Ends the probers; harmless after `finish`. */
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, 'prober.ts');
/** An answer later than this counts as lost. */
const lingerMs = 1_500;

interface Prober {
  readonly child: ChildProcess;
  readonly host: Named;
  tell(command: ProbeCommand): void;
  next(): Promise<unknown>;
}
interface Named extends HostLayout {
  readonly site: string;
}

/** Starts sending between every two hosts of different sites, both ways, `perSecond` packets each. */
export async function startTraffic(layout: Layout, perSecond: number): Promise<Traffic> {
  const hosts = layout.sites.flatMap((site) => site.hosts.map((host): Named => ({ ...host, site: site.name })));
  const nameOf = (host: Named) => `${host.site} ${host.name}`;
  const probers = hosts.map(startProber);
  const stop = async () => void (await Promise.all(probers.map(({ child }) => endChild(child))));
  try {
    await Promise.all(probers.map((prober) => prober.next()));
    for (const prober of probers) {
      const targets = hosts.filter((host) => host.site !== prober.host.site).map((host) => host.address);
      prober.tell({ verb: 'send', targets, perSecond });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const nameAt = (address: string) => {
    const host = hosts.find((each) => each.address === address);
    return host === undefined ? address : nameOf(host);
  };
  return {
    stop,
    async finish() {
      for (const prober of probers) prober.tell({ verb: 'report', lingerMs });
      const reports = await Promise.all(probers.map((prober) => prober.next()));
      await stop();
      return reports.flatMap((report, i) =>
        (report as { targets: TargetReport[] }).targets.map((target) => ({
          ...target,
          from: probers[i] === undefined ? '' : nameOf(probers[i].host),
          to: nameAt(target.address),
        })),
      );
    },
  };
}

function startProber(host: Named): Prober {
  const child = spawn('ip', ['netns', 'exec', host.namespace, process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.on('error', () => {});
  const lines: Interface = createInterface({ input: child.stdout });
  const ended = new Promise<never>((_, reject) => {
    const fail = () => reject(new LabError('lab.prober_ended', `the prober on ${host.site} ${host.name} has ended`));
    child.once('error', fail);
    child.once('exit', fail);
  });
  // Whoever waits for a line hears of it; nobody waiting is no fault.
  ended.catch(() => {});
  return {
    child,
    host,
    tell: (command) => void child.stdin.write(`${JSON.stringify(command)}\n`),
    next: () =>
      Promise.race([
        ended,
        new Promise<unknown>((resolve) => lines.once('line', (line) => resolve(JSON.parse(line) as unknown))),
      ]),
  };
}
