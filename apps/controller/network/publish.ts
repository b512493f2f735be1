/**
 * From a changed network to new configurations: checked, compiled, numbered, signed and stored inside the transaction
 * of the change itself, so that a change and what follows from it are one.
 */
import { type CompiledConfiguration, check, compile } from '@patronus/fabric';
import type { Configuration } from '@patronus/protocol';
import type { Authority } from '../authority/authority.ts';
import { sha256Hex } from '../authority/keys.ts';
import { ServiceError } from '../services/error.ts';
import type { Queries } from '../store/tables.ts';
import type { Network } from './network.ts';

/** Older versions of an edge are forgotten. */
const KEPT_VERSIONS = 20;

export interface Publisher {
  readonly authority: Authority;
  readonly epoch: number;
  readonly now: () => number;
}

/** The input field that a finding is about, where a form shows it. */
const fieldOfCode: Readonly<Record<string, string>> = {
  PREFIX_INVALID: 'prefixes',
  PREFIX_IS_DEFAULT: 'prefixes',
  PREFIX_TWICE: 'prefixes',
  PREFIX_AT_TWO_SITES: 'prefixes',
  PREFIX_HOLDS_OVERLAY: 'prefixes',
  PORT_TWICE: 'uplinks',
  INTERFACE_TWICE: 'uplinks',
  SITE_NAME_TAKEN: 'name',
  POLICY_NAME_TAKEN: 'name',
  POLICY_APPLICATION_UNKNOWN: 'match.applications',
  POLICY_SLA_CLASS_UNKNOWN: 'slaClassId',
  POLICY_TOO_WIDE: 'match',
  SLA_CLASS_NAME_TAKEN: 'name',
  REACH_PROBE_FOREIGN: 'reachProbe',
  PROBE_TARGET_UNFIT: 'uplinks',
  PEER_KEY_TWICE: 'publicKey',
  BGP_AS: 'as',
  BGP_NEIGHBOUR_AS: 'remoteAs',
  BGP_NEIGHBOUR_TWICE: 'address',
  BGP_NEIGHBOUR_FOREIGN: 'address',
  BGP_NEIGHBOUR_HOLD: 'holdSeconds',
  BGP_NEIGHBOUR_KEEPALIVE: 'keepaliveSeconds',
  BGP_NEIGHBOUR_KEY: 'key',
  BGP_NEIGHBOUR_GTSM: 'gtsm',
  BGP_ALLOWANCE_RANGE: 'longest',
  BGP_ALLOWANCE_DEFAULT: 'prefix',
  BGP_ALLOWANCE_TWICE: 'prefix',
  BGP_ALLOWANCE_HOLDS_LAN: 'prefix',
  BGP_ALLOWANCE_OVERLAP: 'preference',
};

/** Refuses a model that cannot work; the findings' words are the answer. */
export function refuseBroken(network: Network): void {
  const errors = check(network.model).filter((finding) => finding.severity === 'error');
  if (errors.length === 0) return;
  const fields: Record<string, string> = {};
  for (const { code, message, policyId } of errors) {
    const field = code === 'POLICY_SITE_UNKNOWN' ? siteField(network, policyId) : fieldOfCode[code];
    if (field === undefined) continue;
    fields[field] = fields[field] === undefined ? message : `${fields[field]}; ${message}`;
  }
  throw new ServiceError('CONFLICT', errors.map((finding) => finding.message).join('; '), { fields });
}

/** On which side of its match the policy names a site that is not there. */
function siteField({ sites, policies }: Network, policyId: string | undefined): string {
  const sources = policies.get(policyId ?? '')?.match.sourceSites ?? [];
  return sources.every((id) => sites.has(id)) ? 'match.destinationSites' : 'match.sourceSites';
}

/** What may be meant and is worth a second look, in words, as far as it names the site. */
export function warningsOf(network: Network, siteId: string): string[] {
  return check(network.model)
    .filter((finding) => finding.severity === 'warning' && finding.siteIds.includes(siteId))
    .map((finding) => finding.message);
}

/** The same about a policy. */
export function warningsOfPolicy(network: Network, policyId: string): string[] {
  return check(network.model)
    .filter((finding) => finding.severity === 'warning' && finding.policyId === policyId)
    .map((finding) => finding.message);
}

/** Stores a new version for each edge whose content changed. Returns their ids. */
export async function publish(db: Queries, network: Network, publisher: Publisher): Promise<string[]> {
  refuseBroken(network);
  const changed: string[] = [];
  let sequence: number | undefined;
  for (const [edgeId, content] of compile(network.model)) {
    const contentHash = sha256Hex(JSON.stringify(content));
    const newest = await newestVersion(db, edgeId);
    if (newest?.content_hash === contentHash && newest.epoch === publisher.epoch) continue;
    sequence ??= (await highestSequence(db, network.organisation, publisher.epoch)) + 1;
    await store(
      db,
      network.organisation,
      edgeId,
      content,
      contentHash,
      { epoch: publisher.epoch, sequence },
      publisher,
    );
    changed.push(edgeId);
  }
  return changed;
}

async function newestVersion(db: Queries, edgeId: string) {
  return db
    .selectFrom('configuration_version')
    .select(['epoch', 'sequence', 'content_hash'])
    .where('edge_id', '=', edgeId)
    .orderBy('epoch', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

async function highestSequence(db: Queries, organisation: string, epoch: number): Promise<number> {
  const row = await db
    .selectFrom('configuration_version')
    .select((e) => e.fn.max('sequence').as('highest'))
    .where('organisation', '=', organisation)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
  return Number(row?.highest ?? 0);
}

async function store(
  db: Queries,
  organisation: string,
  edgeId: string,
  content: CompiledConfiguration,
  contentHash: string,
  version: Configuration['version'],
  { authority, now }: Publisher,
): Promise<void> {
  const configuration: Configuration = { format: 1, version, issuedAt: new Date(now()).toISOString(), ...content };
  const signed = authority.signConfiguration(JSON.stringify(configuration));
  await db
    .insertInto('configuration_version')
    .values({
      organisation,
      edge_id: edgeId,
      ...version,
      content_hash: contentHash,
      payload: signed.payload,
      signature: signed.signature,
      key_id: signed.keyId,
      created_at: now(),
    })
    .execute();
  const old = await db
    .selectFrom('configuration_version')
    .select(['epoch', 'sequence'])
    .where('edge_id', '=', edgeId)
    .orderBy('epoch', 'desc')
    .orderBy('sequence', 'desc')
    .offset(KEPT_VERSIONS)
    .limit(1)
    .executeTakeFirst();
  if (old === undefined) return;
  await db
    .deleteFrom('configuration_version')
    .where('edge_id', '=', edgeId)
    .where((e) =>
      e.or([e('epoch', '<', old.epoch), e.and([e('epoch', '=', old.epoch), e('sequence', '<=', old.sequence)])]),
    )
    .execute();
}
