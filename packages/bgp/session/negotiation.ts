/**
 * What two OPENs agree on (RFC 4271 §6.2, 5492, 4760, 6793, 7911, 8654, 8950, 2918, 7313, 9234, 4724, 8538, 9494), or
 * the NOTIFICATION that follows.
 */
import { ByteWriter, err, ok, type Result } from '@patronus/wire';
import { type Capability, capabilityOf, encodeCapability, type Role } from '../codec/capabilities.ts';
import { type MessageError, messageError, Notice } from '../codec/errors.ts';
import { type FamilyKey, IPV4_UNICAST } from '../codec/families.ts';
import type { Open } from '../codec/open.ts';
import type { Negotiated } from '../codec/update.ts';
import { capabilitiesOf, defaults, type SessionConfiguration } from './configuration.ts';

/** What holds for a session; `addPath` (of the codec) are the families in which the peer sends path identifiers. */
export interface NegotiatedSession extends Negotiated {
  readonly peerAs: number;
  readonly peerIdentifier: number;
  readonly localAs: number;
  readonly localIdentifier: number;
  /** s; 0: no keepalives. */
  readonly holdTimeS: number;
  readonly families: ReadonlySet<FamilyKey>;
  /** Families in which we send path identifiers. */
  readonly addPathSend: ReadonlySet<FamilyKey>;
  /** Families whose next hop may be of the other kind, both ways (RFC 8950 §4). */
  readonly extendedNextHop: ReadonlySet<FamilyKey>;
  /** Bytes that a message may have: 4,096 or 65,535. */
  readonly mostMessageLength: number;
  readonly hasRouteRefresh: boolean;
  /** Borders around what a refresh sends (RFC 7313). */
  readonly hasEnhancedRefresh: boolean;
  /** Ours and the peer's; undefined where one does not tell (RFC 9234 §4.2: then nothing follows from it). */
  readonly roles: { readonly local: Role | undefined; readonly peer: Role | undefined };
  /** What the peer said of its restarts; undefined: nothing, or we do not take part. */
  readonly gracefulRestart: Extract<Capability, { code: 64 }> | undefined;
  readonly longLived: Extract<Capability, { code: 71 }> | undefined;
  /** Both have the N bit (RFC 8538 §2). */
  readonly isGracefulForNotification: boolean;
  readonly peerCapabilities: readonly Capability[];
  readonly peerHostName: string | undefined;
  readonly peerSoftware: string | undefined;
}

/** Which role may speak with which (RFC 9234 §4.2, table 2). */
const counterpart: Readonly<Record<Role, Role>> = {
  provider: 'customer',
  customer: 'provider',
  'route-server': 'route-server-client',
  'route-server-client': 'route-server',
  peer: 'peer',
};

const CAPABILITY_LENGTH = { normal: 4_096, extended: 65_535 } as const;

export function negotiate(configuration: SessionConfiguration, open: Open): Result<NegotiatedSession, MessageError> {
  const local = capabilitiesOf(configuration);
  const remote = open.capabilities;
  const { localAs, identifier } = configuration;
  const isExternal = open.as !== localAs;
  const refusal =
    badAs(configuration, open) ??
    badIdentifier(configuration, open) ??
    badHoldTime(configuration, open) ??
    badRole(configuration, remote, isExternal);
  if (refusal !== undefined) return err(refusal);
  const families = commonFamilies(local, remote);
  const missing = (configuration.requiredFamilies ?? []).filter((family) => !families.has(family));
  if (families.size === 0 || missing.length > 0) return err(noFamily(configuration, missing));
  const both = (code: 2 | 6 | 70) => has(local, code) && has(remote, code);
  const holdTimeS = Math.min(configuration.holdTimeS ?? defaults.holdTimeS, open.holdTime);
  const ourRestart = configuration.gracefulRestart;
  const gracefulRestart = ourRestart === undefined ? undefined : capabilityOf(remote, 64);
  return ok({
    isFourOctetAs: has(remote, 65),
    isExternal,
    addPath: pathIds(local, remote, families, 'receive'),
    addPathSend: pathIds(local, remote, families, 'send'),
    families,
    ...{ peerAs: open.as, peerIdentifier: open.identifier, localAs, localIdentifier: identifier, holdTimeS },
    extendedNextHop: extendedNextHops(local, remote, families),
    mostMessageLength: both(6) ? CAPABILITY_LENGTH.extended : CAPABILITY_LENGTH.normal,
    hasRouteRefresh: both(2),
    hasEnhancedRefresh: both(70),
    roles: { local: isExternal ? configuration.role : undefined, peer: capabilityOf(remote, 9)?.role },
    gracefulRestart,
    // RFC 9494 §3.1: it means nothing without the other one.
    longLived: gracefulRestart === undefined || !ourRestart?.longLived ? undefined : capabilityOf(remote, 71),
    isGracefulForNotification: ourRestart?.isForNotification === true && gracefulRestart?.notification === true,
    peerCapabilities: remote,
    peerHostName: capabilityOf(remote, 73)?.hostName,
    peerSoftware: capabilityOf(remote, 75)?.version,
  });
}

function has(capabilities: readonly Capability[], code: 2 | 6 | 65 | 70): boolean {
  return capabilities.some((one) => one.code === code);
}

/** RFC 4271 §6.2: Bad Peer AS. */
function badAs({ localAs, peerAs }: SessionConfiguration, { as }: Open): MessageError | undefined {
  const isTaken =
    peerAs === 'any' ||
    (peerAs === 'internal' && as === localAs) ||
    (peerAs === 'external' && as !== localAs) ||
    peerAs === as;
  if (isTaken) return undefined;
  return messageError(Notice.badPeerAs, `the peer says that its AS is ${as}; ${peerAs} is configured`);
}

/** RFC 6286 §2.2: an internal peer must not have our own identifier. */
function badIdentifier({ localAs, identifier }: SessionConfiguration, open: Open): MessageError | undefined {
  if (open.as !== localAs || open.identifier !== identifier) return undefined;
  return messageError(Notice.badIdentifier, 'the peer has our own BGP identifier: give each speaker one of its own');
}

function badHoldTime({ leastHoldTimeS = 0 }: SessionConfiguration, { holdTime }: Open): MessageError | undefined {
  if (holdTime >= leastHoldTimeS) return undefined;
  return messageError(
    Notice.unacceptableHoldTime,
    `the peer offers a hold time of ${holdTime} s; at least ${leastHoldTimeS} s is configured`,
  );
}

/** RFC 9234 §4.2. */
function badRole(
  { role, isRoleStrict }: SessionConfiguration,
  remote: readonly Capability[],
  isExternal: boolean,
): MessageError | undefined {
  if (role === undefined || !isExternal) return undefined;
  const told = new Set(
    remote.flatMap((one): string[] => {
      if (one.code === 9) return [one.role];
      return one.code === 'unknown' && one.number === 9 ? [`a role nobody knows`] : [];
    }),
  );
  if (told.size > 1) return messageError(Notice.roleMismatch, `the peer tells several roles: ${[...told].join(', ')}`);
  const [peer] = told;
  if (peer === undefined) {
    if (isRoleStrict !== true) return undefined;
    return messageError(Notice.roleMismatch, 'the peer tells no role, and the configuration asks for one');
  }
  if (counterpart[role] === peer) return undefined;
  return messageError(
    Notice.roleMismatch,
    `the peer is ${peer}, we are ${role}: it would have to be ${counterpart[role]}`,
  );
}

/** RFC 4760 §8; a peer without the capability speaks IPv4 unicast (RFC 4271). */
function commonFamilies(local: readonly Capability[], remote: readonly Capability[]): Set<FamilyKey> {
  const told = familiesOf(remote);
  if (told.size === 0) told.add(IPV4_UNICAST);
  return new Set([...familiesOf(local)].filter((family) => told.has(family)));
}

function familiesOf(capabilities: readonly Capability[]): Set<FamilyKey> {
  return new Set(capabilities.flatMap((one) => (one.code === 1 ? [one.family] : [])));
}

/** RFC 5492 §3: the data are the capabilities that the peer would need. */
function noFamily(configuration: SessionConfiguration, missing: readonly FamilyKey[]): MessageError {
  const writer = new ByteWriter();
  const needed = missing.length > 0 ? missing : (configuration.families ?? defaults.families);
  for (const family of needed) encodeCapability({ code: 1, family }, writer);
  return messageError(Notice.unsupportedCapability, 'the peer shares no address family that is needed', writer.copy());
}

/** RFC 7911 §4: one end has to be willing to send, the other one to receive. */
function pathIds(
  local: readonly Capability[],
  remote: readonly Capability[],
  families: ReadonlySet<FamilyKey>,
  we: 'send' | 'receive',
): Set<FamilyKey> {
  const peer = we === 'send' ? 'receive' : 'send';
  const willing = (capabilities: readonly Capability[], does: 'send' | 'receive') =>
    new Set(
      (capabilityOf(capabilities, 69)?.families ?? []).flatMap(({ family, mode }) =>
        mode === does || mode === 'both' ? [family] : [],
      ),
    );
  const peers = willing(remote, peer);
  return new Set([...willing(local, we)].filter((family) => peers.has(family) && families.has(family)));
}

function extendedNextHops(
  local: readonly Capability[],
  remote: readonly Capability[],
  families: ReadonlySet<FamilyKey>,
): Set<FamilyKey> {
  const theirs = capabilityOf(remote, 5)?.nextHops ?? [];
  const ours = capabilityOf(local, 5)?.nextHops ?? [];
  return new Set(
    ours.flatMap(({ family, nextHopAfi }) =>
      families.has(family) && theirs.some((one) => one.family === family && one.nextHopAfi === nextHopAfi)
        ? [family]
        : [],
    ),
  );
}
