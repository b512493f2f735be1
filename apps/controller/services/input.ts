/** What people may type. Names go into configurations, logs and files: nothing a shell could take for its own. */
import { formatAddress, formatPrefix, parseAddress, parsePrefix } from '@patronus/net';
import { endpointSchema, interfaceNameSchema, prefixSchema } from '@patronus/protocol';
import { z } from 'zod';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u;

export const nameSchema = z
  .string()
  .trim()
  .min(1, 'give a name')
  .max(63, 'at most 63 characters')
  .regex(NAME, 'use letters, digits, space, dot, _ and - only, and begin with a letter or digit');

/** Shown to people only, still without control characters. */
export const textSchema = z
  .string()
  .trim()
  .max(200, 'at most 200 characters')
  .regex(/^\P{Cc}*$/u, 'no control characters');
export const idSchema = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9_-]*$/, 'not an id');
export const emailSchema = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@<>"'`\\]+@[^\s@<>"'`\\]+$/, 'an e-mail address');
export const passwordSchema = z.string().min(10, 'at least 10 characters').max(200, 'at most 200 characters');

/** One text for one prefix, so that `2001:DB8::/32` and `2001:db8::/32` are not two. */
function canonical(text: string): string {
  const prefix = parsePrefix(text);
  return prefix.ok ? formatPrefix(prefix.value) : text;
}

export const prefixesSchema = z
  .array(prefixSchema.transform(canonical))
  .min(1, 'name at least one LAN prefix, such as 10.1.0.0/16')
  .max(64);

/** One host, in the one way there is to write it. */
export const addressInputSchema = z.string().transform((text, context): string => {
  const address = parseAddress(text.trim());
  if (address !== undefined) return formatAddress(address);
  context.addIssue('an address such as 10.1.0.1');
  return z.NEVER;
});

/** Prefixes that something is narrowed to; none: not narrowed. */
export const optionalPrefixesSchema = z.array(prefixSchema.transform(canonical)).max(64).nullish();

export const uplinkInputSchema = z.object({
  id: idSchema.nullish(),
  label: nameSchema,
  interface: interfaceNameSchema,
  domain: nameSchema.nullish(),
  cost: z.int().min(0).max(65_535).nullish(),
  port: z.int().min(1).max(65_535).nullish(),
  bitsPerSecond: z
    .int('a whole number of bits a second')
    .min(64_000, 'at least 64,000 bits a second')
    .max(1e12, 'at most 10¹² bits a second')
    .nullish(),
  publicEndpoints: z.array(endpointSchema).max(8).nullish(),
  probeTargets: z.array(addressInputSchema).max(8, 'at most eight hosts').nullish(),
});
export type UplinkInput = z.infer<typeof uplinkInputSchema>;
export const uplinksSchema = z.array(uplinkInputSchema).min(1, 'a site needs at least one uplink').max(16);
