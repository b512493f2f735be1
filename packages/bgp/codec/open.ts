/** OPEN (RFC 4271 §4.2, §6.2), its optional parameters (also in the extended form of RFC 9072), and AS_TRANS (6793). */
import { ByteReader, ByteWriter, err, ok, type Result } from '@patronus/wire';
import { type Capability, capabilityOf, decodeCapability, encodeCapability } from './capabilities.ts';
import { type MessageError, messageError, Notice } from './errors.ts';
import { frame, MessageType } from './header.ts';

export interface Open {
  readonly version: number;
  /** The four-octet number where the peer told it, else the two-octet field. */
  readonly as: number;
  /** The field itself: AS_TRANS where the number does not fit (RFC 6793 §9). */
  readonly twoOctetAs: number;
  /** s; 0: no keepalives. */
  readonly holdTime: number;
  /** IPv4-like, 32 bits. */
  readonly identifier: number;
  readonly capabilities: readonly Capability[];
  /** Whether the parameters came in the extended form. */
  readonly isExtended: boolean;
}

export const BGP_VERSION = 4;
/** RFC 6793 §3. */
export const AS_TRANS = 23_456;
const CAPABILITIES = 2;
const EXTENDED = 255;
const LEAST_HOLD_TIME = 3;
/** Where the first parameter's type stands. */
const PARAMETERS = 10;

/** Reads the body of an OPEN. What only the configuration can judge (the peer's AS) is the session's business. */
export function decodeOpen(body: Uint8Array): Result<Open, MessageError> {
  const reader = new ByteReader(body);
  const version = reader.u8();
  const twoOctetAs = reader.u16();
  const holdTime = reader.u16();
  const identifier = reader.u32();
  const parameters = readParameters(reader, body);
  if (version !== BGP_VERSION) {
    // The data is the version that we would have taken (§6.2).
    return err(messageError(Notice.unsupportedVersion, `version ${version}`, Uint8Array.of(0, BGP_VERSION)));
  }
  if (parameters === undefined || reader.failed) {
    return err(messageError(Notice.openUnspecific, 'the optional parameters do not fit into the message'));
  }
  const { capabilities, unknown, isExtended } = parameters;
  if (unknown !== undefined) {
    return err(messageError(Notice.unsupportedParameter, `optional parameter ${unknown} is not known`));
  }
  if (holdTime > 0 && holdTime < LEAST_HOLD_TIME) {
    return err(messageError(Notice.unacceptableHoldTime, `hold time ${holdTime} s: 0, or 3 and more`));
  }
  if (identifier === 0) return err(messageError(Notice.badIdentifier, 'the BGP identifier is 0 (RFC 6286 §2.2)'));
  const as = capabilityOf(capabilities, 65)?.as ?? twoOctetAs;
  // RFC 7607 §2.
  if (as === 0 || twoOctetAs === 0) return err(messageError(Notice.badPeerAs, 'the peer says that its AS is 0'));
  return ok({ version, as, twoOctetAs, holdTime, identifier, capabilities, isExtended });
}

interface Parameters {
  readonly capabilities: Capability[];
  /** The first parameter that is not Capabilities. */
  readonly unknown: number | undefined;
  readonly isExtended: boolean;
}

/** undefined: a length runs over. */
function readParameters(reader: ByteReader, body: Uint8Array): Parameters | undefined {
  let length = reader.u8();
  // RFC 9072 §2: both the length and the first type are 255, then the true length in two bytes.
  const isExtended = length !== 0 && body[PARAMETERS] === EXTENDED;
  if (isExtended) {
    reader.u8();
    length = reader.u16();
  }
  if (length !== reader.remaining) return undefined;
  const capabilities: Capability[] = [];
  while (reader.remaining > 0) {
    const type = reader.u8();
    reader.enter(isExtended ? reader.u16() : reader.u8());
    if (reader.failed) return undefined;
    if (type !== CAPABILITIES) return { capabilities, unknown: type, isExtended };
    while (reader.remaining > 0) {
      const code = reader.u8();
      const value = reader.bytes(reader.u8());
      if (reader.failed) return undefined;
      capabilities.push(decodeCapability(code, value));
    }
    reader.leave();
  }
  return reader.failed ? undefined : { capabilities, unknown: undefined, isExtended };
}

/** One parameter for each capability, as most peers write them; the extended form only where it is needed. */
export function encodeOpen(open: Omit<Open, 'version' | 'twoOctetAs' | 'isExtended'>): Uint8Array<ArrayBuffer> {
  const parameters = new ByteWriter();
  const single = new ByteWriter();
  const encoded = open.capabilities.map((capability) => {
    single.reset();
    encodeCapability(capability, single);
    return single.copy();
  });
  const plainLength = encoded.reduce((sum, { length }) => sum + length + 2, 0);
  const isExtended = plainLength > 255 || encoded.some(({ length }) => length > 255);
  for (const capability of encoded) {
    parameters.u8(CAPABILITIES);
    if (isExtended) parameters.u16(capability.length);
    else parameters.u8(capability.length);
    parameters.bytes(capability);
  }
  const body = new ByteWriter();
  body.u8(BGP_VERSION);
  body.u16(open.as > 0xffff ? AS_TRANS : open.as);
  body.u16(open.holdTime);
  body.u32(open.identifier);
  if (isExtended) {
    body.u8(EXTENDED);
    body.u8(EXTENDED);
    body.u16(parameters.length);
  } else body.u8(parameters.length);
  body.bytes(parameters.view());
  return frame(MessageType.open, body.view());
}
