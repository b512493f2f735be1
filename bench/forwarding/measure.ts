/** What is measured of one contender: with iperf3 and ping, as anyone would. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { eventually, type Site } from '../../test/interop/fixtures/twoSites.ts';
import { type Contender, cpuSeconds, type World } from './world.ts';

const PORT = 5_201;
const MOST_OUTPUT = 64 * 1024 * 1024;

export interface Throughput {
  readonly gigabits: number;
  /** Processor seconds of the tunnel's own processes for a gigabit. */
  readonly cpuPerGigabit: number;
}

/** TCP from left to right in so many streams; `inBackground` where something else is measured meanwhile. */
export async function tcp(
  world: World,
  contender: Contender,
  streams: number,
  seconds: number,
  inBackground = false,
): Promise<Throughput> {
  const before = cpuSeconds(contender.pids);
  const { end } = await iperf(world, contender, ['-P', `${streams}`, '-t', `${seconds}`], inBackground);
  const gigabits = end.sum_received.bits_per_second / 1e9;
  const used = cpuSeconds(contender.pids) - before;
  return { gigabits, cpuPerGigabit: used / ((end.sum_received.bytes * 8) / 1e9) };
}

/** 64-byte datagrams that arrive each second when as many are sent as go. */
export async function udp64(world: World, contender: Contender, seconds: number): Promise<number> {
  const { end } = await iperf(world, contender, ['-u', '-l', '64', '-b', '0', '-t', `${seconds}`]);
  return (end.sum.packets - end.sum.lost_packets) / end.sum.seconds;
}

/** Mean round trip in µs: each ping sent when the one before was answered. */
export function rttFlood(world: World, { address }: Contender): number {
  return meanOf(world.left.run('ping', '-f', '-q', '-c', '8000', address));
}

/** Mean round trip in µs of pings so far apart that everything sleeps between them. */
export function rttIdle(world: World, { address }: Contender): number {
  return meanOf(world.left.run('ping', '-q', '-i', '0.05', '-c', '60', address));
}

function meanOf(output: string): number {
  const mean = /= [\d.]+\/([\d.]+)\//.exec(output)?.[1];
  if (mean === undefined) throw new Error(`ping told no round trip: ${output}`);
  return Number(mean) * 1_000;
}

interface IperfResult {
  readonly end: {
    readonly sum_received: { readonly bits_per_second: number; readonly bytes: number };
    readonly sum: { readonly packets: number; readonly lost_packets: number; readonly seconds: number };
  };
}

async function iperf(
  world: World,
  { address }: Contender,
  args: readonly string[],
  inBackground = false,
): Promise<IperfResult> {
  const { left, right } = world;
  const server = spawn('ip', ['netns', 'exec', right.namespace, 'iperf3', '-s', '-1', '-p', `${PORT}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(server, 'close');
  await eventually('iperf3 to listen', () => (isListening(right) ? true : undefined));
  try {
    const command = ['netns', 'exec', left.namespace, 'iperf3', '-c', address, '-p', `${PORT}`, '-J', ...args];
    const options = { encoding: 'utf8', maxBuffer: MOST_OUTPUT } as const;
    const output = inBackground
      ? (await promisify(execFile)('ip', command, options)).stdout
      : execFileSync('ip', command, options);
    return JSON.parse(output) as IperfResult;
  } catch (error) {
    server.kill();
    throw error;
  } finally {
    await ended;
  }
}

function isListening(site: Site): boolean {
  return site.run('ss', '-Hltn', `sport = :${PORT}`).trim() !== '';
}
