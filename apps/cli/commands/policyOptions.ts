/** What `patronus policy add` and `set` take: the parts of a match, the place, and compression with its risk. */
import { type Command, Option } from 'commander';
import { idsOf } from './findByName.ts';
import { addWishOptions, type WishOptions, wholeNumber } from './policyWishes.ts';

export interface PolicyOptions extends WishOptions {
  readonly fromSite: readonly string[];
  readonly toSite: readonly string[];
  readonly application: readonly string[];
  readonly segment?: string;
  readonly source: readonly string[];
  readonly destination: readonly string[];
  readonly protocol?: string;
  readonly port: readonly string[];
  readonly dscp: readonly string[];
  readonly position?: string;
  readonly compress?: string | false;
  readonly acknowledgeLengthLeak?: boolean;
  readonly json?: boolean;
}

export interface Match {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly protocol: string | null;
  readonly ports: readonly string[];
  readonly dscp: readonly number[];
  readonly segment: number | null;
  /** Ids, as those of applications. */
  readonly sourceSites: readonly string[];
  readonly destinationSites: readonly string[];
  readonly applications: readonly string[];
}

/** Takes a part of a match away again. */
const ANY = 'any';

export const RISK = `
Compression is off unless you switch it on, because it can give secrets away: whoever sees the encrypted packets sees
their lengths, and how well a packet compresses tells what is in it. One who can put text of their own next to a secret
in the same packet (a web page that makes a browser send requests, say) can guess the secret byte by byte; CRIME and
VORACLE did. Compress traffic in which nobody can do that: backups, replication, logs. Leave web browsing alone, and
what is encrypted already, which gains nothing. --acknowledge-length-leak says that you know; the audit log keeps it
with your name.`;

export function addPolicyOptions(command: Command): Command {
  return addWishOptions(command)
    .option('--source <prefix>', 'packets from this prefix; may be given several times', collect, [])
    .option('--destination <prefix>', 'packets to this prefix; may be given several times', collect, [])
    .option('--protocol <name>', 'tcp, udp, sctp, icmp, icmpv6, or a number')
    .option('--port <port>', 'source or destination port, 443 or 8000-8099; may be given several times', collect, [])
    .option('--dscp <point>', 'code point, 0 to 63; may be given several times', collect, [])
    .option('--from-site <name>', 'packets from the LANs of this site; may be given several times', collect, [])
    .option('--to-site <name>', 'packets to the LANs of this site; may be given several times', collect, [])
    .option('--application <name>', 'of this application; may be given several times', collect, [])
    .option('--segment <number>', 'in this segment')
    .option('--position <number>', '1 is asked first')
    .addOption(new Option('--compress <level>', 'LZ4 before sealing: 0 to 16, higher compresses more and costs more'))
    .option('--acknowledge-length-leak', 'say that you know what --compress can give away (see below)')
    .option('--json', 'one JSON object for programs');
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** The parts that were given; a part not given stays as it is in `before`, and `any` takes it away. */
export async function matchOf(options: PolicyOptions, before: Match): Promise<Match> {
  const listed = (given: readonly string[], present: readonly string[]) =>
    given.length === 0 ? present : given.includes(ANY) ? [] : given;
  const named = async (kind: 'site' | 'application', given: readonly string[], present: readonly string[]) =>
    given.length === 0 ? present : given.includes(ANY) ? [] : idsOf(kind, given);
  const { protocol = before.protocol, segment } = options;
  return {
    sources: listed(options.source, before.sources),
    destinations: listed(options.destination, before.destinations),
    protocol: protocol === ANY ? null : protocol,
    ports: listed(options.port, before.ports),
    dscp: listed(options.dscp, before.dscp.map(String)).map((text) => wholeNumber(text, '--dscp')),
    segment: segment === undefined ? before.segment : segment === ANY ? null : wholeNumber(segment, '--segment'),
    sourceSites: await named('site', options.fromSite, before.sourceSites),
    destinationSites: await named('site', options.toSite, before.destinationSites),
    applications: await named('application', options.application, before.applications),
  };
}

/** Whether a part of the match was given. */
export function isMatchGiven({
  source,
  destination,
  port,
  dscp,
  fromSite,
  toSite,
  application,
  ...one
}: PolicyOptions) {
  const lists = [source, destination, port, dscp, fromSite, toSite, application];
  return lists.some(({ length }) => length > 0) || one.protocol !== undefined || one.segment !== undefined;
}

export const anyPacket: Match = {
  ...{ sources: [], destinations: [], protocol: null, ports: [], dscp: [], segment: null },
  ...{ sourceSites: [], destinationSites: [], applications: [] },
};

export function positionOf({ position }: PolicyOptions): { position?: number } {
  return position === undefined ? {} : { position: wholeNumber(position, '--position') };
}

/** Left out: as it is. Null: off. The controller refuses what was not acknowledged, and says why. */
export function compressionOf({ compress, acknowledgeLengthLeak = false }: PolicyOptions) {
  if (compress === undefined) return {};
  if (compress === false) return { compression: null };
  return { compression: { level: wholeNumber(compress, '--compress'), acknowledgeLengthLeak } };
}
