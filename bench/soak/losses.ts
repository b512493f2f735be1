/** Where packets end on their way through two sites, so that what is lost can be looked for where it was. */
import { readFileSync } from 'node:fs';
import { dropReasons } from '../../packages/forwarder/drops.ts';
import type { Site } from '../../test/interop/fixtures/twoSites.ts';

/** Packets that ended, by place. */
type Ends = Readonly<Record<string, number>>;

/** Fields of a line of /proc/net/dev after the device's name. */
const RECEIVE_DROPPED = 3;
const TRANSMIT_DROPPED = 11;
/** Of a line of /proc/net/softnet_stat: what came faster than the kernel took it, of one processor. */
const BACKLOG_DROPPED = 1;

export class Losses {
  readonly #sites: readonly Site[];
  #before: Ends = {};

  constructor(sites: readonly Site[]) {
    this.#sites = sites;
  }

  /** What ended since it was asked before, by place; nothing of a place where nothing did. */
  async since(): Promise<Ends> {
    const now: Ends = Object.assign(
      { 'kernel backlog': backlogDropped() },
      ...(await Promise.all(this.#sites.map(of))),
    );
    const before = this.#before;
    this.#before = now;
    const risen = Object.entries(now).map(([place, count]) => [place, count - (before[place] ?? 0)] as const);
    return Object.fromEntries(risen.filter(([, count]) => count > 0));
  }
}

/** Of one site: what its forwarder dropped, what its devices did, and what came faster than its sockets were read. */
async function of(site: Site): Promise<Ends> {
  const [{ counters }, pid] = [await site.telemetry(), await site.pid()];
  const own = dropReasons.map((reason) => [reason, counters[reason] ?? 0] as const);
  const all = [...own, ...devicesOf(pid), ...socketsOf(pid)];
  return Object.fromEntries(all.map(([place, count]) => [`${site.edgeId} ${place}`, count]));
}

function devicesOf(pid: number): [string, number][] {
  const lines = readFileSync(`/proc/${pid}/net/dev`, 'latin1').split('\n').slice(2);
  return lines.flatMap((line): [string, number][] => {
    const [device, rest] = line.split(':');
    if (rest === undefined) return [];
    const fields = rest.trim().split(/\s+/).map(Number);
    return [
      [`${device!.trim()} in`, fields[RECEIVE_DROPPED]!],
      [`${device!.trim()} out`, fields[TRANSMIT_DROPPED]!],
    ];
  });
}

function socketsOf(pid: number): [string, number][] {
  return ['udp', 'udp6'].flatMap((table) => {
    const lines = readFileSync(`/proc/${pid}/net/${table}`, 'latin1').trim().split('\n').slice(1);
    return lines.map((line): [string, number] => {
      const fields = line.trim().split(/\s+/);
      return [`${table} ${Number.parseInt(fields[1]!.split(':')[1]!, 16)}`, Number(fields.at(-1))];
    });
  });
}

function backlogDropped(): number {
  const lines = readFileSync('/proc/net/softnet_stat', 'latin1').trim().split('\n');
  return lines.reduce((sum, line) => sum + Number.parseInt(line.split(' ')[BACKLOG_DROPPED]!, 16), 0);
}
