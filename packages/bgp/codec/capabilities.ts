/**
 * Capabilities (RFC 5492): a table of those we understand, by code. What is not in it, or does not read as its RFC
 * says, is kept as the bytes it is: an unknown capability is no error (§3).
 */
import { ByteReader, type ByteWriter } from '@patronus/wire';
import { type FamilyKey, familyKey } from './families.ts';

export interface GracefulFamily {
  readonly family: FamilyKey;
  /** Forwarding state was preserved over the restart (RFC 4724 §3). */
  readonly forwarding: boolean;
}

export type AddPathMode = 'receive' | 'send' | 'both';

/** RFC 9234 §4.1. */
export const roles = ['provider', 'route-server', 'route-server-client', 'customer', 'peer'] as const;
export type Role = (typeof roles)[number];

export type Capability =
  | { readonly code: 1; readonly family: FamilyKey }
  | { readonly code: 2 }
  /** IPv4 NLRI with next hops of the other family (RFC 8950 §4). */
  | { readonly code: 5; readonly nextHops: readonly { readonly family: FamilyKey; readonly nextHopAfi: number }[] }
  | { readonly code: 6 }
  | { readonly code: 9; readonly role: Role }
  | {
      readonly code: 64;
      readonly restarting: boolean;
      /** RFC 8538 §2: graceful also for NOTIFICATION. */
      readonly notification: boolean;
      /** s, 0…4095. */
      readonly restartTime: number;
      readonly families: readonly GracefulFamily[];
    }
  | { readonly code: 65; readonly as: number }
  | { readonly code: 69; readonly families: readonly { readonly family: FamilyKey; readonly mode: AddPathMode }[] }
  | { readonly code: 70 }
  /** RFC 9494 §3.1; stale time in s, 24 bits. */
  | { readonly code: 71; readonly families: readonly (GracefulFamily & { readonly staleTime: number })[] }
  /** draft-walton-bgp-hostname: told for people alone. */
  | { readonly code: 73; readonly hostName: string; readonly domainName: string }
  /** draft-abraitis-bgp-version-capability. */
  | { readonly code: 75; readonly version: string }
  | UnknownCapability;

export interface UnknownCapability {
  readonly code: 'unknown';
  readonly number: number;
  readonly value: Uint8Array;
}

interface CapabilityCodec {
  readonly name: string;
  /** undefined: these bytes are not what the RFC says. The reader's window is the value. */
  readonly decode: (reader: ByteReader) => Capability | undefined;
  readonly encode: (capability: never, writer: ByteWriter) => void;
}

type Of<Code extends Capability['code']> = Extract<Capability, { code: Code }>;

function codec<Code extends Exclude<Capability['code'], 'unknown'>>(
  name: string,
  decode: (reader: ByteReader) => Of<Code> | undefined,
  encode: (capability: Of<Code>, writer: ByteWriter) => void,
): CapabilityCodec {
  return { name, decode, encode: encode as CapabilityCodec['encode'] };
}

function flag<Code extends 2 | 6 | 70>(code: Code, name: string): CapabilityCodec {
  return codec<Code>(
    name,
    () => ({ code }) as Of<Code>,
    () => undefined,
  );
}

const modes: readonly (AddPathMode | undefined)[] = [undefined, 'receive', 'send', 'both'];
const text = new TextDecoder();
const utf8 = new TextEncoder();

const readFamily = (reader: ByteReader): FamilyKey => familyKey(reader.u16(), reader.u8());
function writeFamily(writer: ByteWriter, family: FamilyKey): void {
  writer.u16(family >>> 8);
  writer.u8(family & 0xff);
}

/** Reads until the window ends. */
function many<Item>(reader: ByteReader, read: () => Item): Item[] {
  const items: Item[] = [];
  while (reader.remaining > 0) items.push(read());
  return items;
}

function writeText(writer: ByteWriter, value: string): void {
  const bytes = utf8.encode(value).subarray(0, 255);
  writer.u8(bytes.length);
  writer.bytes(bytes);
}

export const capabilityCodecs: Readonly<Record<number, CapabilityCodec>> = {
  // RFC 4760 §8: AFI, a reserved byte, SAFI.
  1: codec<1>(
    'multiprotocol',
    (reader) => {
      const afi = reader.u16();
      reader.u8();
      return { code: 1, family: familyKey(afi, reader.u8()) };
    },
    ({ family }, writer) => {
      writer.u16(family >>> 8);
      writer.u8(0);
      writer.u8(family & 0xff);
    },
  ),
  2: flag(2, 'route-refresh'),
  // RFC 8950 §4: triples of AFI, SAFI (two bytes each) and next hop AFI.
  5: codec<5>(
    'extended-next-hop',
    (reader) => ({
      code: 5,
      nextHops: many(reader, () => ({
        family: familyKey(reader.u16(), reader.u16() & 0xff),
        nextHopAfi: reader.u16(),
      })),
    }),
    ({ nextHops }, writer) => {
      for (const { family, nextHopAfi } of nextHops) {
        writer.u16(family >>> 8);
        writer.u16(family & 0xff);
        writer.u16(nextHopAfi);
      }
    },
  ),
  6: flag(6, 'extended-message'),
  9: codec<9>(
    'role',
    (reader) => {
      const role = roles[reader.u8()];
      return role === undefined ? undefined : { code: 9, role };
    },
    ({ role }, writer) => writer.u8(roles.indexOf(role)),
  ),
  // RFC 4724 §3: flags and restart time in two bytes, then AFI, SAFI, flags.
  64: codec<64>(
    'graceful-restart',
    (reader) => {
      const first = reader.u16();
      return {
        code: 64,
        restarting: (first & 0x8000) !== 0,
        notification: (first & 0x4000) !== 0,
        restartTime: first & 0x0fff,
        families: many(reader, () => ({ family: readFamily(reader), forwarding: (reader.u8() & 0x80) !== 0 })),
      };
    },
    ({ restarting, notification, restartTime, families }, writer) => {
      writer.u16((restarting ? 0x8000 : 0) | (notification ? 0x4000 : 0) | (restartTime & 0x0fff));
      for (const { family, forwarding } of families) {
        writeFamily(writer, family);
        writer.u8(forwarding ? 0x80 : 0);
      }
    },
  ),
  65: codec<65>(
    'four-octet-as',
    (reader) => ({ code: 65, as: reader.u32() }),
    ({ as }, writer) => writer.u32(as),
  ),
  69: codec<69>(
    'add-path',
    (reader) => {
      const read = many(reader, () => ({ family: readFamily(reader), mode: modes[reader.u8()] }));
      // RFC 7911 §4: a tuple whose Send/Receive is another value is ignored.
      return {
        code: 69,
        families: read.flatMap(({ family, mode }) => (mode === undefined ? [] : [{ family, mode }])),
      };
    },
    ({ families }, writer) => {
      for (const { family, mode } of families) {
        writeFamily(writer, family);
        writer.u8(modes.indexOf(mode));
      }
    },
  ),
  70: flag(70, 'enhanced-route-refresh'),
  71: codec<71>(
    'long-lived-graceful-restart',
    (reader) => ({
      code: 71,
      families: many(reader, () => ({
        family: readFamily(reader),
        forwarding: (reader.u8() & 0x80) !== 0,
        staleTime: (reader.u8() << 16) | reader.u16(),
      })),
    }),
    ({ families }, writer) => {
      for (const { family, forwarding, staleTime } of families) {
        writeFamily(writer, family);
        writer.u8(forwarding ? 0x80 : 0);
        writer.u8(staleTime >>> 16);
        writer.u16(staleTime & 0xffff);
      }
    },
  ),
  73: codec<73>(
    'host-name',
    (reader) => ({
      code: 73,
      hostName: text.decode(reader.bytes(reader.u8())),
      domainName: text.decode(reader.bytes(reader.u8())),
    }),
    ({ hostName, domainName }, writer) => {
      writeText(writer, hostName);
      writeText(writer, domainName);
    },
  ),
  75: codec<75>(
    'software-version',
    (reader) => ({ code: 75, version: text.decode(reader.bytes(reader.u8())) }),
    ({ version }, writer) => writeText(writer, version),
  ),
};

/** Reads one capability's value. */
export function decodeCapability(number: number, value: Uint8Array): Capability {
  const codecOf = capabilityCodecs[number];
  if (codecOf === undefined) return { code: 'unknown', number, value: value.slice() };
  const reader = new ByteReader(value);
  const capability = codecOf.decode(reader);
  if (capability === undefined || reader.failed || reader.remaining > 0) {
    return { code: 'unknown', number, value: value.slice() };
  }
  return capability;
}

/** Writes code, length and value. */
export function encodeCapability(capability: Capability, writer: ByteWriter): void {
  writer.u8(capability.code === 'unknown' ? capability.number : capability.code);
  const length = writer.reserve(1);
  if (capability.code === 'unknown') writer.bytes(capability.value);
  else capabilityCodecs[capability.code]!.encode(capability as never, writer);
  writer.patchU8(length, writer.length - length - 1);
}

/** The first capability of a code, as its own type. */
export function capabilityOf<Code extends Exclude<Capability['code'], 'unknown'>>(
  capabilities: readonly Capability[],
  code: Code,
): Of<Code> | undefined {
  return capabilities.find((one): one is Of<Code> => one.code === code);
}
