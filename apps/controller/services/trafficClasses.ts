/** What the verbs on traffic classes share: what people may type, the acknowledgement, and the order. */
import { matchFaults, type TrafficMatch } from '@patronus/fabric';
import { z } from 'zod';
import type { TrafficClassRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { optionalPrefixesSchema } from './input.ts';
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

const protocolSchema = z.string().transform((text, context): number => {
  const word = text.trim().toLowerCase();
  const number = Object.hasOwn(protocols, word) ? protocols[word]! : /^\d{1,3}$/.test(word) ? Number(word) : 256;
  if (number > 255) {
    context.addIssue('tcp, udp, sctp, icmp, icmpv6, or a number from 0 to 255');
    return z.NEVER;
  }
  return number;
});

const MOST = 64;

/** What is left out, null or empty holds for every packet. */
export const matchSchema = z
  .object({
    sources: optionalPrefixesSchema,
    destinations: optionalPrefixesSchema,
    protocol: protocolSchema.nullish(),
    ports: z.array(portsSchema).max(MOST).nullish(),
    dscp: z.array(z.int().min(0, 'from 0 to 63').max(63, 'from 0 to 63')).max(MOST).nullish(),
  })
  .transform(
    ({ sources, destinations, protocol, ports, dscp }): TrafficMatch => ({
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

type Compression = Pick<TrafficClassRow, 'compression_level' | 'acknowledged_by' | 'acknowledged_at'>;

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

/** Every class in order. */
export async function listClasses({ trx, organisation }: Work<unknown>): Promise<TrafficClassRow[]> {
  return trx
    .selectFrom('traffic_class')
    .selectAll()
    .where('organisation', '=', organisation)
    .orderBy('position')
    .execute();
}

/** The class among those of the organisation, or a 404. */
export function requireClass(classes: readonly TrafficClassRow[], id: string): TrafficClassRow {
  const found = classes.find((one) => one.id === id);
  if (found === undefined) throw new ServiceError('NOT_FOUND', `there is no traffic class ${id}`);
  return found;
}

export function refuseTakenClassName(classes: readonly TrafficClassRow[], name: string, except?: string): void {
  const other = classes.find((one) => one.id !== except && one.name.toLowerCase() === name.toLowerCase());
  if (other === undefined) return;
  const message = `${name}: there is already a traffic class called ${other.name}; give this one another name`;
  throw new ServiceError('CONFLICT', message, { fields: { name: `taken by ${other.name}` } });
}

/** Numbers the classes 1, 2, 3 … in this order. */
export async function writeOrder({ trx }: Work<unknown>, ordered: readonly TrafficClassRow[]): Promise<void> {
  for (const [index, { id, position }] of ordered.entries()) {
    if (position === index + 1) continue;
    await trx
      .updateTable('traffic_class')
      .set({ position: index + 1 })
      .where('id', '=', id)
      .execute();
  }
}

/** The list with this one at `position`; a position behind the last is the last. */
export function placed(
  others: readonly TrafficClassRow[],
  one: TrafficClassRow,
  position: number | null | undefined,
): TrafficClassRow[] {
  return others.toSpliced(Math.min((position ?? others.length + 1) - 1, others.length), 0, one);
}
