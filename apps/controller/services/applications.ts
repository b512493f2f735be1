/** What the verbs on applications share: how people write what an application is known by. */
import { catalogue } from '@patronus/applications';
import type { Application } from '@patronus/fabric';
import { z } from 'zod';
import type { ApplicationRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { nameSchema, optionalPrefixesSchema } from './input.ts';
import { portsText } from './policies.ts';
import type { Work } from './verb.ts';

type PortRange = Application['ports'][number];

const protocolOf = { tcp: 6, udp: 17 } as const;
const PORTS = /^(tcp|udp)[/ ](\d{1,5})(?:-(\d{1,5}))?$/;

const portRangeSchema = z.string().transform((text, context): PortRange => {
  const found = PORTS.exec(text.trim().toLowerCase());
  const [first, last] = [Number(found?.[2]), Number(found?.[3] ?? found?.[2])];
  if (found === null || first > last || last > 0xffff) {
    context.addIssue('protocol and ports, such as tcp/443 or udp/8000-8099');
    return z.NEVER;
  }
  return { protocol: protocolOf[found[1] as keyof typeof protocolOf], first, last };
});

/** `tcp/443`. */
export function portRangeText({ protocol, first, last }: PortRange): string {
  return `${protocol === protocolOf.tcp ? 'tcp' : 'udp'}/${portsText([first, last])}`;
}

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})+$`);
/** Lower case, without the dot at its end; `*.` in front is what a name means anyway. */
const domainSchema = z
  .string()
  .transform((text) => text.trim().toLowerCase().replace(/^\*\./, '').replace(/\.$/, ''))
  .pipe(z.string().max(253).regex(DOMAIN, 'a domain name such as zoom.us; it also stands for all below it'));

export const applicationFields = {
  name: nameSchema,
  ports: z.array(portRangeSchema).max(64).nullish(),
  prefixes: optionalPrefixesSchema,
  names: z.array(domainSchema).max(256).nullish(),
};

export function refuseUnknowable(name: string, { ports, prefixes, names }: Omit<Application, 'id' | 'name'>): void {
  if (ports.length + prefixes.length + names.length > 0) return;
  const message = 'give ports, prefixes or domain names: nothing else tells its packets from others';
  throw new ServiceError('INVALID_INPUT', `${name}: ${message}`, { fields: { ports: message } });
}

export async function requireApplication({ trx, organisation }: Work<unknown>, id: string): Promise<ApplicationRow> {
  const row = await trx
    .selectFrom('application')
    .selectAll()
    .where('organisation', '=', organisation)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row !== undefined) return row;
  const wellKnown = catalogue.find((one) => one.id === id);
  if (wellKnown === undefined) throw new ServiceError('NOT_FOUND', `there is no application ${id}`);
  throw new ServiceError(
    'CONFLICT',
    `${wellKnown.name} is of the catalogue, which comes with Patronus; add an application of your own instead`,
  );
}

export async function refuseTakenApplicationName(
  { trx, organisation }: Work<unknown>,
  name: string,
  except?: string,
): Promise<void> {
  const own = await trx
    .selectFrom('application')
    .select(['id', 'name'])
    .where('organisation', '=', organisation)
    .execute();
  const other = [...own, ...catalogue].find(
    (one) => one.id !== except && one.name.toLowerCase() === name.toLowerCase(),
  );
  if (other === undefined) return;
  const message = `${name}: there is already an application called ${other.name}; give this one another name`;
  throw new ServiceError('CONFLICT', message, { fields: { name: `taken by ${other.name}` } });
}
