/** Single values of the configuration: text that a person wrote, to what it means; what is wrong is told with an example. */
import { type FamilyKey, parseFamily, prefixFamily } from '@patronus/bgp';
import { type IpAddress, type Prefix, parseAddress, parsePrefix } from '@patronus/net';
import { z } from 'zod';

type Context = z.core.$RefinementCtx;

function refuse(context: Context, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** RFC 7607: 0 is nobody's. */
export const asNumber = z.number().int().min(1).max(0xffff_ffff);

export const port = z.number().int().min(1).max(65_535);

export const address = z.string().transform((text, context): IpAddress => {
  return parseAddress(text) ?? refuse(context, `"${text}" is no address: write one like 192.0.2.1 or 2001:db8::1`);
});

export const prefix = z.string().transform((text, context): Prefix => {
  const parsed = parsePrefix(text);
  return parsed.ok ? parsed.value : refuse(context, `${parsed.error.message}; write one like 192.0.2.0/24`);
});

/** One neighbour's address, or the prefix that neighbours connect from. */
export const addressOrPrefix = z.string().transform((text, context): IpAddress | Prefix => {
  if (!text.includes('/')) {
    return parseAddress(text) ?? refuse(context, `"${text}" is no address: write one like 192.0.2.1 or 2001:db8::1`);
  }
  const parsed = parsePrefix(text);
  return parsed.ok ? parsed.value : refuse(context, `${parsed.error.message}; write one like 192.0.2.0/24`);
});

/** A BGP identifier: 32 bits, not 0 (RFC 6286 §2.1), written like an IPv4 address. */
export const identifier = z.string().transform((text, context): number => {
  const parsed = parseAddress(text);
  const value = parsed?.family === 4 ? new DataView(parsed.bytes.slice().buffer).getUint32(0) : 0;
  return value === 0
    ? refuse(context, `"${text}" is no identifier: write one like 192.0.2.1, unique in the AS`)
    : value;
});

/** Families whose prefixes are understood one by one. */
export const family = z.string().transform((text, context): FamilyKey => {
  const key = parseFamily(text);
  if (key === undefined)
    return refuse(context, `"${text}" is no family: write ipv4 or ipv6, or as in "ipv4 multicast"`);
  return prefixFamily(key) === undefined ? refuse(context, `routes of "${text}" are not kept here; ipv4, ipv6`) : key;
});

export const seconds = z.number().int().min(0).max(0xffff);

/** RFC 4271 §4.2: none, or 3 and more. */
export const holdTime = seconds.refine((value) => value === 0 || value >= 3, {
  message: 'a hold time is 0 (no keepalives), or 3 and more seconds',
});

/** A list, or one value where a list may stand. */
export function list<Item extends z.ZodType>(item: Item) {
  return z.preprocess((value) => (Array.isArray(value) || value === undefined ? value : [value]), z.array(item));
}

/** Text, also where a plain number was written. */
export const textOrNumber = z.union([z.string(), z.number()]).transform(String);
