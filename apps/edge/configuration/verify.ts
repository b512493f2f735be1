/**
 * Whether a configuration may be applied at all: signed by the pinned key, understood, addressed to this edge, and
 * newer than whatever was accepted before (hardening, attack 16). Pure.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  type Configuration,
  type ConfigurationVersion,
  compareVersions,
  configurationSchema,
  formatVersion,
  SIGNING_CONTEXT,
  type SignedConfiguration,
} from '@patronus/protocol';
import { err, ok, type Result } from '@patronus/wire';

export const refusalCodes = [
  'BAD_SIGNATURE',
  'NOT_UNDERSTOOD',
  'NOT_CONSISTENT',
  'WRONG_EDGE',
  'OLDER_VERSION',
  'SAME_VERSION_DIFFERS',
  'NOT_APPLICABLE',
  'TRIAL_FAILED',
] as const;
export type RefusalCode = (typeof refusalCodes)[number];

export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
  /** Known as soon as the signature holds. */
  readonly version: ConfigurationVersion | null;
}

export interface Verified {
  readonly configuration: Configuration;
  readonly signed: SignedConfiguration;
  /** SHA-256 of the signed payload, hex. */
  readonly digest: string;
}

/** The signature, the meaning, and the addressee. Whether it is new enough is `isNewEnough`'s to say. */
export function verifyConfiguration(
  signed: SignedConfiguration,
  trusted: { readonly signingKey: string; readonly edgeId: string },
): Result<Verified, Refusal> {
  if (!isSigned(signed, trusted.signingKey)) {
    return refuse('BAD_SIGNATURE', 'the signature is not by the pinned key of the controller', null);
  }
  let json: unknown;
  try {
    json = JSON.parse(signed.payload);
  } catch {
    return refuse('NOT_UNDERSTOOD', 'the payload is not JSON', null);
  }
  const parsed = configurationSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse('NOT_UNDERSTOOD', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a configuration'}`, null);
  }
  const configuration = parsed.data;
  if (configuration.edge.id !== trusted.edgeId) {
    const whose = `it is for edge ${configuration.edge.id}, this one is ${trusted.edgeId}`;
    return refuse('WRONG_EDGE', whose, configuration.version);
  }
  const loose = looseEnd(configuration);
  if (loose !== undefined) return refuse('NOT_CONSISTENT', loose, configuration.version);
  return ok({ configuration, signed, digest: digestOf(signed) });
}

export function digestOf(signed: SignedConfiguration): string {
  return createHash('sha256').update(signed.payload).digest('hex');
}

function isSigned(signed: SignedConfiguration, signingKey: string): boolean {
  try {
    const text = Buffer.from(SIGNING_CONTEXT + signed.payload, 'utf8');
    return verify(null, text, createPublicKey(signingKey), Buffer.from(signed.signature, 'base64'));
  } catch {
    return false;
  }
}

/**
 * A name that leads nowhere, in words; the schema checks each field, this the whole. A route may name an edge that no
 * tunnel leads to yet: then it is refused by the forwarder instead of leaving by the default route.
 */
function looseEnd({ uplinks, tunnels, edges, peers }: Configuration): string | undefined {
  const uplinkIds = new Set(uplinks.map(({ id }) => id));
  const edgeIds = new Set(edges.map(({ id }) => id));
  if (uplinkIds.size !== uplinks.length) return 'an uplink is there twice';
  if (new Set(uplinks.map((uplink) => uplink.interface)).size !== uplinks.length)
    return 'two uplinks share an interface';
  if (new Set(tunnels.map(({ id }) => id)).size !== tunnels.length) return 'a tunnel is there twice';
  for (const { id, uplinkId, remote } of tunnels) {
    if (!uplinkIds.has(uplinkId)) return `tunnel ${id} names uplink ${uplinkId}, which is not there`;
    if (!edgeIds.has(remote.edgeId)) return `tunnel ${id} leads to edge ${remote.edgeId}, which is not there`;
  }
  for (const peer of peers) {
    if (!uplinkIds.has(peer.uplinkId)) return `peer ${peer.id} names uplink ${peer.uplinkId}, which is not there`;
  }
  return undefined;
}

export interface Accepted {
  readonly version: ConfigurationVersion;
  readonly digest: string;
}

/** Against the newest that was accepted so far, tried or running: only a higher number is something new. */
export function isNewEnough(offered: Accepted, newest: Accepted | undefined): Result<'newer' | 'same', Refusal> {
  if (newest === undefined) return ok('newer');
  const order = compareVersions(offered.version, newest.version);
  if (order > 0) return ok('newer');
  const [theirs, ours] = [formatVersion(offered.version), formatVersion(newest.version)];
  if (order < 0) return refuse('OLDER_VERSION', `${theirs} is older than ${ours}`, offered.version);
  if (offered.digest === newest.digest) return ok('same');
  return refuse('SAME_VERSION_DIFFERS', `${theirs} says something else than the ${ours} seen before`, offered.version);
}

function refuse(code: RefusalCode, reason: string, version: ConfigurationVersion | null) {
  return err({ code, reason, version });
}
