const common = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const plain = alphabet(`${common}+/`);
const urlSafe = alphabet(`${common}-_`);

interface Alphabet {
  readonly letters: string;
  /** Value of each character code, or -1. */
  readonly values: Int8Array;
}

/** Base64 with padding (RFC 4648 §4), as WireGuard writes its keys. */
export function toBase64(bytes: Uint8Array): string {
  const text = encode(bytes, plain);
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}

/** Bytes of a padded base64 text; undefined unless it is exactly what `toBase64` would write. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decode(text.slice(0, text.length - padding), plain);
}

/** Base64url without padding (RFC 4648 §5), as tokens and JOSE write it. */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes, urlSafe);
}

/** Bytes of an unpadded base64url text; undefined unless it is exactly what `toBase64Url` would write. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return decode(text, urlSafe);
}

function encode(bytes: Uint8Array, { letters }: Alphabet): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const [a, b, c] = [bytes[index]!, bytes[index + 1], bytes[index + 2]];
    text += letters.charAt(a >> 2) + letters.charAt(((a & 3) << 4) | ((b ?? 0) >> 4));
    if (b !== undefined) text += letters.charAt(((b & 15) << 2) | ((c ?? 0) >> 6));
    if (c !== undefined) text += letters.charAt(c & 63);
  }
  return text;
}

/** Strict: one text for one value (RFC 4648 §3.5), so that a key cannot be written in two ways. */
function decode(text: string, { values }: Alphabet): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let length = 0;
  for (let index = 0; index < text.length; index++) {
    const value = values[text.charCodeAt(index)] ?? -1;
    if (value < 0) return undefined;
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = held >> bits;
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

function alphabet(letters: string): Alphabet {
  const values = new Int8Array(128).fill(-1);
  for (let value = 0; value < letters.length; value++) values[letters.charCodeAt(value)] = value;
  return { letters, values };
}
