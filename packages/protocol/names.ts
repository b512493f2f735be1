/** What names things in configurations and messages: ids, addresses, prefixes, keys, interfaces. */
import { parseAddress, parseEndpoint, parsePrefix } from '@patronus/net';
import { z } from 'zod';

export const identifierSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'an identifier of lower-case letters, digits, - and _');
export const prefixSchema = z.string().refine((text) => parsePrefix(text).ok, 'a prefix such as 10.1.0.0/16');
export const addressSchema = z.string().refine((text) => parseAddress(text) !== undefined, 'an IP address');
export const endpointSchema = z
  .string()
  .refine((text) => parseEndpoint(text) !== undefined, 'an endpoint such as 192.0.2.1:51820');
/** A Curve25519 key as WireGuard writes it: 32 bytes in base64. */
export const wireguardKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/, 'a WireGuard key: 44 characters of base64');
/** Linux: at most 15 characters; no shell or path characters. */
export const interfaceNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/, 'a network interface name such as eth0');

export const segmentPrefixSchema = z.object({ segment: z.int().min(0).max(0xffff), prefix: prefixSchema });
export type SegmentPrefix = z.infer<typeof segmentPrefixSchema>;
