/** What operators may ask of a router over its control socket. */
import { type FamilyKey, type Neighbour, parseFamily, type Reconfigured, type Speaker } from '@patronus/bgp';
import { parseAddress, parsePrefix, prefixOf } from '@patronus/net';
import type { StationReport } from './bmp/stations.ts';
import { type ControlCommands, ControlError, type ControlRequest } from './control.ts';
import type { RpkiReport } from './rpki/caches.ts';

export interface CommandContext {
  readonly speaker: Speaker;
  readonly now: () => number;
  /** Something was asked for that gives effects to carry out. */
  readonly changed: () => void;
  /** Reads the configuration again. Throws with what is wrong with it; nothing has changed then. */
  readonly reload: () => Promise<Reconfigured>;
  /** undefined: BFD does not watch over the neighbour. */
  readonly bfdStateOf: (name: string) => string | undefined;
  readonly rpkiReport: () => RpkiReport;
  readonly stationReports: () => readonly StationReport[];
}

export function commandsOf({
  speaker,
  now,
  changed,
  reload,
  bfdStateOf,
  rpkiReport,
  stationReports,
}: CommandContext): ControlCommands {
  const neighbourOf = ({ neighbour }: ControlRequest): Neighbour => {
    const found = typeof neighbour === 'string' ? speaker.neighbour(neighbour) : undefined;
    if (found !== undefined) return found;
    const names = [...speaker.neighbours].map(({ name }) => name).join(', ') || 'none';
    throw new ControlError(`there is no neighbour ${JSON.stringify(neighbour)}; there are: ${names}`);
  };
  const act = (change: () => void): readonly unknown[] => {
    change();
    changed();
    return [];
  };
  const reasonOf = ({ reason }: ControlRequest) => (typeof reason === 'string' ? reason : undefined);
  return {
    neighbors: (request) =>
      (request.neighbour === undefined ? [...speaker.neighbours] : [neighbourOf(request)]).map((neighbour) => {
        const bfd = bfdStateOf(neighbour.name) ?? null;
        return { ...speaker.neighbourReport(neighbour, now()), bfd };
      }),
    reload: async () => [await reload()],
    rpki: () => [rpkiReport()],
    bmp: () => stationReports(),
    summary: () => [speaker.summary()],
    rib: (request) => speaker.routes.reports(ribFilter(request, neighbourOf)),
    shutdown: (request) => act(() => speaker.shutdown(neighbourOf(request), reasonOf(request), now())),
    enable: (request) => act(() => speaker.enable(neighbourOf(request), now())),
    clear: (request) => {
      const neighbour = neighbourOf(request);
      if (request.soft === 'out') return act(() => speaker.refreshOut(neighbour));
      if (request.soft === undefined) return act(() => speaker.clear(neighbour, reasonOf(request), now()));
      return act(() => {
        if (speaker.refreshIn(neighbour, now())) return;
        throw new ControlError(`${neighbour.name} is not established, or cannot tell its routes again (RFC 2918)`);
      });
    },
  };
}

function ribFilter(request: ControlRequest, neighbourOf: (request: ControlRequest) => Neighbour) {
  const { prefix, family } = request;
  const within = typeof prefix === 'string' ? prefixFrom(prefix) : undefined;
  return {
    ...(within === undefined ? {} : { within }),
    ...(typeof family === 'string' ? { family: familyFrom(family) } : {}),
    ...(request.neighbour === undefined ? {} : { neighbour: neighbourOf(request) }),
    isBestOnly: request.all !== true && request.neighbour === undefined,
  };
}

function familyFrom(text: string): FamilyKey {
  const family = parseFamily(text);
  if (family === undefined) throw new ControlError(`"${text}" is no family: write ipv4 or ipv6`);
  return family;
}

function prefixFrom(text: string) {
  const address = parseAddress(text);
  if (address !== undefined) return prefixOf(address, address.family === 4 ? 32 : 128);
  const parsed = parsePrefix(text);
  if (!parsed.ok) throw new ControlError(`${parsed.error.message}; write one like 192.0.2.0/24`);
  return parsed.value;
}
