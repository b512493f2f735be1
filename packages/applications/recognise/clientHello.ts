/**
 * The name in a TLS ClientHello (RFC 8446 §4.1.2, server_name of RFC 6066 §3), read as it comes, however it is cut:
 * nothing is kept but where we are and the name itself, some 300 bytes.
 *
 * A hello with an encrypted inner one (ECH) shows the name of whoever hides it; without a name there is none. Browsers
 * send an ECH extension that means nothing as well, so its presence says nothing.
 */
import { LONGEST_NAME, nameByte } from '../names.ts';

export const Verdict = {
  /** More is needed. */
  pending: 0,
  found: 1,
  /** No name, or not what it was taken for. */
  none: 2,
} as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** Nobody's is longer; those with post-quantum keys have some 1,800 bytes. */
const LONGEST_HELLO = 0x8000;
/** Two bytes of version and 32 of random. */
const VERSION_AND_RANDOM = 34;
const LONGEST_SESSION_ID = 32;

/** In the order of RFC 8446 §4.1.2. Each but `skip` and `name` reads a number of so many bytes. */
const Part = {
  type: 0,
  length: 1,
  sessionLength: 2,
  suitesLength: 3,
  compressionLength: 4,
  extensionsLength: 5,
  extensionType: 6,
  extensionLength: 7,
  listLength: 8,
  nameType: 9,
  nameLength: 10,
  skip: 11,
  name: 12,
} as const;
const widths: readonly number[] = [1, 3, 1, 2, 1, 2, 2, 2, 2, 1, 2];

export class ClientHelloReader {
  /** The name found, in lower case: `name.subarray(0, nameLength)`. */
  readonly name = new Uint8Array(LONGEST_NAME);
  nameLength = 0;
  #part: number = Part.type;
  #next: number = Part.type;
  #verdict: Verdict = Verdict.pending;
  #value = 0;
  #have = 0;
  #skip = 0;
  /** Of the hello, its extensions, and the extension we are in. */
  #helloLeft = 0;
  #extensionsLeft = 0;
  #extensionType = 0;
  #extensionLeft = 0;

  reset(): void {
    this.nameLength = 0;
    this.#part = Part.type;
    this.#verdict = Verdict.pending;
    this.#value = 0;
    this.#have = 0;
  }

  /** Goes on with the next bytes of the handshake, from `from` to before `to`. After a verdict nothing changes it. */
  push(bytes: Uint8Array, from: number, to: number): Verdict {
    let at = from;
    while (at < to && this.#verdict === Verdict.pending) {
      if (this.#part === Part.skip) at += this.#pass(to - at);
      else if (this.#part === Part.name) this.#readName(bytes[at++]!);
      else this.#readNumber(bytes[at++]!);
    }
    return this.#verdict;
  }

  #readNumber(byte: number): Verdict {
    if (this.#part !== Part.type && this.#part !== Part.length && !this.#take(1)) return Verdict.none;
    this.#value = this.#value * 256 + byte;
    if (++this.#have < widths[this.#part]!) return Verdict.pending;
    const value = this.#value;
    this.#value = 0;
    this.#have = 0;
    return this.#step(value);
  }

  #step(value: number): Verdict {
    switch (this.#part) {
      case Part.type:
        return value === CLIENT_HELLO ? this.#go(Part.length) : this.#end(Verdict.none);
      case Part.length:
        this.#helloLeft = value;
        return value > LONGEST_HELLO ? this.#end(Verdict.none) : this.#pastBody(VERSION_AND_RANDOM, Part.sessionLength);
      case Part.sessionLength:
        return value > LONGEST_SESSION_ID ? this.#end(Verdict.none) : this.#pastBody(value, Part.suitesLength);
      case Part.suitesLength:
        return this.#pastBody(value, Part.compressionLength);
      case Part.compressionLength:
        return this.#pastBody(value, Part.extensionsLength);
      case Part.extensionsLength:
        this.#extensionsLeft = value;
        // Nothing may stand behind them, and they may not be longer than what holds them.
        return value !== this.#helloLeft ? this.#end(Verdict.none) : this.#nextExtension();
      case Part.extensionType:
        this.#extensionType = value;
        this.#extensionsLeft -= 2;
        return this.#go(Part.extensionLength);
      case Part.extensionLength:
        this.#extensionsLeft -= 2;
        return this.#openExtension(value);
      default:
        return this.#stepInName(value);
    }
  }

  #openExtension(length: number): Verdict {
    if (length > this.#extensionsLeft) return this.#end(Verdict.none);
    this.#extensionsLeft -= length;
    this.#extensionLeft = length;
    if (this.#extensionType === SERVER_NAME) return length < 5 ? this.#end(Verdict.none) : this.#go(Part.listLength);
    return this.#pastExtension(length);
  }

  /** RFC 6066 §3: a list with one entry of each type; there is only one type. */
  #stepInName(value: number): Verdict {
    this.#extensionLeft -= widths[this.#part]!;
    if (this.#part === Part.listLength) {
      return value !== this.#extensionLeft ? this.#end(Verdict.none) : this.#go(Part.nameType);
    }
    if (this.#part === Part.nameType) return value !== HOST_NAME ? this.#end(Verdict.none) : this.#go(Part.nameLength);
    if (value === 0 || value > LONGEST_NAME || value > this.#extensionLeft) return this.#end(Verdict.none);
    this.#skip = value;
    return this.#go(Part.name);
  }

  #readName(byte: number): Verdict {
    if (!this.#take(1)) return Verdict.none;
    const letter = nameByte(byte);
    if (letter === 0) return this.#end(Verdict.none);
    this.name[this.nameLength++] = letter;
    return this.nameLength === this.#skip ? this.#end(Verdict.found) : Verdict.pending;
  }

  #nextExtension(): Verdict {
    return this.#extensionsLeft < 4 ? this.#end(Verdict.none) : this.#go(Part.extensionType);
  }

  #pastExtension(length: number): Verdict {
    return length === 0 ? this.#nextExtension() : this.#pastBody(length, Part.extensionType);
  }

  #pastBody(length: number, next: number): Verdict {
    if (length > this.#helloLeft) return this.#end(Verdict.none);
    this.#skip = length;
    this.#next = next;
    return this.#go(length === 0 ? next : Part.skip);
  }

  /** How many of the bytes at hand are passed over. */
  #pass(available: number): number {
    const length = Math.min(available, this.#skip);
    this.#skip -= length;
    this.#helloLeft -= length;
    if (this.#skip > 0) return length;
    if (this.#next === Part.extensionType) this.#nextExtension();
    else this.#go(this.#next);
    return length;
  }

  #take(length: number): boolean {
    this.#helloLeft -= length;
    if (this.#helloLeft >= 0) return true;
    this.#end(Verdict.none);
    return false;
  }

  #go(part: number): Verdict {
    // A hello that ends before its extensions (they may be absent, RFC 5246 §7.4.1.2) has no name.
    if (part !== Part.length && this.#helloLeft === 0) return this.#end(Verdict.none);
    this.#part = part;
    return Verdict.pending;
  }

  #end(verdict: Verdict): Verdict {
    if (verdict === Verdict.none) this.nameLength = 0;
    this.#verdict = verdict;
    return verdict;
  }
}
