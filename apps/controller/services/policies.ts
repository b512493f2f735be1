/** What the verbs on policies share: what people may type, the acknowledgement, and the order. */
import { matchFaults, type TrafficMatch } from '@patronus/fabric';
import { z } from 'zod';
import type { PolicyRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { idSchema, optionalPrefixesSchema } from './input.ts';
import type { Work } from './verb.ts';

/** Protocols that have a name here; any other goes by its number. */
const protocols: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };

export function protocolName(number: number): string {
  return Object.entries(protocols).find(([, one]) => one === number)?.[0] ?? String(number);
}

/** `443` or `8000-8099`. */
export function portsText([first, last]: readonly [number, number]): string {
  return first === last ? String(first) : `${first}-${last}`;
}

const PORT = /^(\d{1,5})(?:-(\d{1,5}))?$/;
const portsSchema = z.string().transform((text, context): [number, number] => {
  const found = PORT.exec(text.trim());
  const [first, last] = [Number(found?.[1]), Number(found?.[2] ?? found?.[1])];
  if (found === null || first > 0xffff || last > 0xffff) {
    context.addIssue('a port or a range of them, such as 443 or 8000-8099');
    return z.NEVER;
  }
  return [first, last];
});

export const protocolSchema = z.string().transform((text, context): number => {
  const word = text.trim().toLowerCase();
  const number = Object.hasOwn(protocols, word) ? protocols[word]! : /^\d{1,3}$/.test(word) ? Number(word) : 256;
  if (number > 255) {
    context.addIssue('tcp, udp, sctp, icmp, icmpv6, or a number from 0 to 255');
    return z.NEVER;
  }
  return number;
});

const MOST = 64;
const idsSchema = z.array(idSchema).max(MOST).nullish();

/** What is left out, null or empty holds for every packet. */
export const matchSchema = z
  .object({
    sources: optionalPrefixesSchema,
    destinations: optionalPrefixesSchema,
    protocol: protocolSchema.nullish(),
    ports: z.array(portsSchema).max(MOST).nullish(),
    dscp: z.array(z.int().min(0, 'from 0 to 63').max(63, 'from 0 to 63')).max(MOST).nullish(),
    segment: z.int().min(0, 'from 0 to 65535').max(0xffff, 'from 0 to 65535').nullish(),
    sourceSites: idsSchema,
    destinationSites: idsSchema,
    applications: idsSchema,
  })
  .transform(
    ({ sources, destinations, protocol, ports, dscp, segment, ...named }): TrafficMatch => ({
      ...(segment == null ? {} : { segment }),
      ...(named.sourceSites?.length ? { sourceSites: named.sourceSites } : {}),
      ...(named.destinationSites?.length ? { destinationSites: named.destinationSites } : {}),
      ...(named.applications?.length ? { applications: named.applications } : {}),
      ...(sources?.length ? { sources } : {}),
      ...(destinations?.length ? { destinations } : {}),
      ...(protocol == null ? {} : { protocol }),
      ...(ports?.length ? { ports } : {}),
      ...(dscp?.length ? { dscp } : {}),
    }),
  )
  .superRefine((match, context) => {
    for (const { field, message } of matchFaults(match)) context.addIssue({ code: 'custom', path: [field], message });
  });

export const compressionSchema = z.object({
  level: z.int().min(0, 'from 0 to 16').max(16, 'from 0 to 16'),
  acknowledgeLengthLeak: z.boolean(),
});
export const positionSchema = z.int().min(1, 'from 1 on');

type Compression = Pick<PolicyRow, 'compression_level' | 'acknowledged_by' | 'acknowledged_at'>;

export const uncompressed: Compression = { compression_level: null, acknowledged_by: null, acknowledged_at: null };

/** What the audit log says that the author knew. */
const KNOWN = 'compressing before encrypting can tell an onlooker, by lengths, what packets hold';

/** Switches compression on; refuses, and says why, when the author has not said that they know what it may give away. */
export function acknowledged(
  { actor, now, about }: Work<unknown>,
  name: string,
  { level, acknowledgeLengthLeak }: z.infer<typeof compressionSchema>,
): Compression {
  if (!acknowledgeLengthLeak) {
    const why =
      'whoever sees the encrypted packets sees their lengths, and compressed lengths tell what the packets hold: ' +
      'one who can put text of their own next to a secret in one packet can guess the secret (CRIME, VORACLE)';
    const what =
      'compress only traffic in which nobody can do that, such as backups and replication, and never web browsing; ' +
      'if that is so, repeat with acknowledgeLengthLeak: true; the audit log keeps your name with it';
    throw new ServiceError('ACKNOWLEDGEMENT_REQUIRED', `${name}: compression stays off: ${why}; ${what}`, {
      fields: { 'compression.acknowledgeLengthLeak': 'has to be acknowledged' },
    });
  }
  about(`${name}: compression level ${level}, acknowledged: ${KNOWN}`);
  return { compression_level: level, acknowledged_by: actor.name, acknowledged_at: now };
}

/** Every policy in order. */
export async function listPolicies({ trx, organisation }: Work<unknown>): Promise<PolicyRow[]> {
  return trx.selectFrom('policy').selectAll().where('organisation', '=', organisation).orderBy('position').execute();
}

/** The policy among those of the organisation, or a 404. */
export function requirePolicy(policies: readonly PolicyRow[], id: string): PolicyRow {
  const found = policies.find((one) => one.id === id);
  if (found === undefined) throw new ServiceError('NOT_FOUND', `there is no policy ${id}`);
  return found;
}

export function refuseTakenPolicyName(policies: readonly PolicyRow[], name: string, except?: string): void {
  const other = policies.find((one) => one.id !== except && one.name.toLowerCase() === name.toLowerCase());
  if (other === undefined) return;
  const message = `${name}: there is already a policy called ${other.name}; give this one another name`;
  throw new ServiceError('CONFLICT', message, { fields: { name: `taken by ${other.name}` } });
}

export function matchOfRow({ match }: PolicyRow): TrafficMatch {
  return JSON.parse(match);
}

/** Refuses to take away what a policy still names; the answer says which. */
export async function refuseWhileNamed(
  work: Work<unknown>,
  what: string,
  isNamed: (policy: PolicyRow) => boolean,
): Promise<void> {
  const names = (await listPolicies(work)).filter(isNamed).map(({ name }) => name);
  if (names.length === 0) return;
  const those = names.length === 1 ? `the policy ${names[0]} names it` : `the policies ${names.join(', ')} name it`;
  throw new ServiceError(
    'CONFLICT',
    `${what} stays: ${those}; change or remove ${names.length === 1 ? 'it' : 'them'} first`,
  );
}

/** Numbers the policies 1, 2, 3 … in this order. */
export async function writeOrder({ trx }: Work<unknown>, ordered: readonly PolicyRow[]): Promise<void> {
  for (const [index, { id, position }] of ordered.entries()) {
    if (position === index + 1) continue;
    await trx
      .updateTable('policy')
      .set({ position: index + 1 })
      .where('id', '=', id)
      .execute();
  }
}

/** The list with this one at `position`; a position behind the last is the last. */
export function placed(others: readonly PolicyRow[], one: PolicyRow, position: number | null | undefined): PolicyRow[] {
  return others.toSpliced(Math.min((position ?? others.length + 1) - 1, others.length), 0, one);
}
