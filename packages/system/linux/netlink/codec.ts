/**
 * Netlink messages and attributes (Linux `netlink(7)`, `rtnetlink(7)`). Pure calculation. Integers are in the
 * machine's order, which is little-endian on every machine we run on; everything is aligned to 4 bytes.
 */

export const MESSAGE_HEADER = 16;
const ATTRIBUTE_HEADER = 4;
/** The upper two bits of an attribute's type are flags (nested, network byte order). */
const ATTRIBUTE_TYPE = 0x3fff;

export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

export const NLM_F_REQUEST = 0x001;
export const NLM_F_ACK = 0x004;
export const NLM_F_DUMP_INTR = 0x010;
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

const NLMSGERR_ATTR_MSG = 1;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Whose request caused it: the port of that socket; 0 for the kernel's own doing. */
  readonly port: number;
  /** A view into the bytes decoded. */
  readonly body: Uint8Array;
}

export type Attributes = ReadonlyMap<number, Uint8Array>;

const aligned = (length: number) => (length + 3) & ~3;

/** Builds the body of a message: fixed fields first, then attributes. */
export class NetlinkBody {
  #bytes = new Uint8Array(new ArrayBuffer(128));
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  u8(value: number): this {
    this.#view.setUint8(this.#reserve(1), value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#reserve(2), value, true);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#reserve(4), value, true);
    return this;
  }

  attribute(type: number, value: Uint8Array): this {
    this.#attributeHeader(type, value.length);
    const at = this.#reserve(aligned(value.length));
    this.#bytes.set(value, at);
    return this;
  }

  attributeU8(type: number, value: number): this {
    return this.attribute(type, Uint8Array.of(value));
  }

  attributeU32(type: number, value: number): this {
    this.#attributeHeader(type, 4);
    return this.u32(value);
  }

  /** Zero-terminated, as the kernel wants names. */
  attributeText(type: number, text: string): this {
    return this.attribute(type, new TextEncoder().encode(`${text}\0`));
  }

  /** The bytes so far; a copy. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #attributeHeader(type: number, length: number): void {
    this.u16(ATTRIBUTE_HEADER + length).u16(type);
  }

  /** Zeroed room for `length` bytes; where it starts. */
  #reserve(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(new ArrayBuffer(2 ** Math.ceil(Math.log2(this.#length))));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

/** Writes a whole message at `offset`; where the next one begins. The caller made room (`messageSize`). */
export function writeMessage(
  out: Uint8Array,
  offset: number,
  { type, flags, sequence, port, body }: NetlinkMessage,
): number {
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  view.setUint32(offset, MESSAGE_HEADER + body.length, true);
  view.setUint16(offset + 4, type, true);
  view.setUint16(offset + 6, flags, true);
  view.setUint32(offset + 8, sequence, true);
  view.setUint32(offset + 12, port, true);
  out.set(body, offset + MESSAGE_HEADER);
  const end = offset + MESSAGE_HEADER + body.length;
  out.fill(0, end, offset + messageSize(body));
  return offset + messageSize(body);
}

/** Bytes that a message with this body takes, padding included. */
export function messageSize(body: Uint8Array): number {
  return aligned(MESSAGE_HEADER + body.length);
}

export function encodeMessage(message: NetlinkMessage): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(new ArrayBuffer(messageSize(message.body)));
  writeMessage(out, 0, message);
  return out;
}

/** The messages of one datagram; undefined when a length does not fit. */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + MESSAGE_HEADER > bytes.length) return undefined;
    const length = view.getUint32(at, true);
    if (length < MESSAGE_HEADER || at + length > bytes.length) return undefined;
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      body: bytes.subarray(at + MESSAGE_HEADER, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** The attributes from `offset` to the end; undefined when a length does not fit. The last of a type wins. */
export function decodeAttributes(bytes: Uint8Array, offset = 0): Attributes | undefined {
  const attributes = new Map<number, Uint8Array>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = offset; at < bytes.length; ) {
    if (at + ATTRIBUTE_HEADER > bytes.length) return undefined;
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_HEADER || at + length > bytes.length) return undefined;
    attributes.set(view.getUint16(at + 2, true) & ATTRIBUTE_TYPE, bytes.subarray(at + ATTRIBUTE_HEADER, at + length));
    at += aligned(length);
  }
  return attributes;
}

/** A u32 attribute; undefined when it is missing or of another size. */
export function attributeU32(attributes: Attributes, type: number): number | undefined {
  const value = attributes.get(type);
  if (value === undefined || value.length !== 4) return undefined;
  return new DataView(value.buffer, value.byteOffset, 4).getUint32(0, true);
}

/** A text attribute without its closing zero. */
export function attributeText(attributes: Attributes, type: number): string | undefined {
  const value = attributes.get(type);
  if (value === undefined) return undefined;
  const end = value.indexOf(0);
  return new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
}

export interface Acknowledgement {
  /** 0: done. Otherwise an errno. */
  readonly errorNumber: number;
  /** The kernel's own words (NETLINK_EXT_ACK), where it has any. */
  readonly message: string | undefined;
}

/** Reads the body of an NLMSG_ERROR or NLMSG_DONE; undefined when it is too short. */
export function decodeAcknowledgement({ type, flags, body }: NetlinkMessage): Acknowledgement | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  // An NLMSG_DONE may be bare.
  if (body.length < 4) return type === NLMSG_DONE ? { errorNumber: 0, message: undefined } : undefined;
  const errorNumber = Math.abs(view.getInt32(0, true));
  const attributesAt = attributesOffset(type, flags, view, errorNumber);
  if (attributesAt === undefined || (flags & NLM_F_ACK_TLVS) === 0) return { errorNumber, message: undefined };
  const attributes = decodeAttributes(body, attributesAt);
  return { errorNumber, message: attributes && attributeText(attributes, NLMSGERR_ATTR_MSG) };
}

/** An error repeats the request, whole unless it says that it was capped, and a success only the request's header. */
function attributesOffset(type: number, flags: number, view: DataView, errorNumber: number): number | undefined {
  if (type === NLMSG_DONE) return 4;
  if (view.byteLength < 4 + MESSAGE_HEADER) return undefined;
  if (errorNumber === 0 || (flags & NLM_F_CAPPED) !== 0) return 4 + MESSAGE_HEADER;
  const requestLength = view.getUint32(4, true);
  return requestLength > view.byteLength ? undefined : 4 + aligned(requestLength);
}
