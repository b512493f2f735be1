/**
 * XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha §2.3) for cookies: the key for one nonce comes from @noble's HChaCha20, the
 * rest is done by our kernels. A flood of forged handshakes asks for one cookie each, so this is a hot path after all: @noble
 * alone takes four times as long.
 */
import { hChaCha20, type Primitives } from '@patronus/wireguard';
import { type Kernels, TAG_LENGTH } from '../kernels/index.ts';
import { COOKIE_MOST, Layout, type PacketMemory } from '../memory.ts';

/** The part of the 24-byte nonce that HChaCha20 takes. */
const NONCE_PREFIX = 16;

const { cookieKey, cookieNonce, cookieData, cookieMessage } = Layout;

export function xchacha20Poly1305(
  { bytes, view }: PacketMemory,
  kernels: Kernels,
): Pick<Primitives, 'xaeadSeal' | 'xaeadOpen'> {
  const keyWords = new Uint32Array(8);
  const nonceWords = new Uint32Array(4);
  const subkey = new Uint32Array(8);

  /** Words of a little-endian machine, which is what typed arrays and this program run on. */
  function words(target: Uint32Array, source: Uint8Array): void {
    bytes.set(source, cookieKey);
    for (let index = 0; index < target.length; index++) target[index] = view.getUint32(cookieKey + 4 * index, true);
  }

  function prepare(key: Uint8Array, nonce: Uint8Array, message: Uint8Array, most: number, data: Uint8Array): void {
    if (message.length > most || data.length > COOKIE_MOST) {
      throw new RangeError(`a cookie and its data have at most ${COOKIE_MOST} bytes each`);
    }
    words(keyWords, key);
    words(nonceWords, nonce.subarray(0, NONCE_PREFIX));
    hChaCha20(keyWords, nonceWords, subkey);
    for (let index = 0; index < 8; index++) view.setUint32(cookieKey + 4 * index, subkey[index]!, true);
    view.setUint32(cookieNonce, 0);
    bytes.set(nonce.subarray(NONCE_PREFIX), cookieNonce + 4);
    bytes.set(data, cookieData);
    bytes.set(message, cookieMessage);
  }

  return {
    xaeadSeal(key, nonce, plaintext, additional) {
      prepare(key, nonce, plaintext, COOKIE_MOST, additional);
      kernels.sealWithData(cookieKey, cookieNonce, cookieData, additional.length, cookieMessage, plaintext.length);
      return bytes.slice(cookieMessage, cookieMessage + plaintext.length + TAG_LENGTH);
    },
    xaeadOpen(key, nonce, sealed, additional) {
      if (sealed.length < TAG_LENGTH) return undefined;
      prepare(key, nonce, sealed, COOKIE_MOST + TAG_LENGTH, additional);
      const length = sealed.length - TAG_LENGTH;
      const right = kernels.openWithData(
        ...([cookieKey, cookieNonce, cookieData, additional.length] as const),
        ...([cookieMessage, length] as const),
      );
      return right === 1 ? bytes.slice(cookieMessage, cookieMessage + length) : undefined;
    },
  };
}
