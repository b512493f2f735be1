/** What it takes to look into a QUIC Initial (RFC 9001 §5), from the OpenSSL inside Node. */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const TAG_BYTES = 16;

/** `QuicCrypto` of @patronus/applications. */
export const quicCrypto = {
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
    return createHmac('sha256', key).update(data).digest();
  },

  aes128Encrypt(key: Uint8Array, block: Uint8Array): Uint8Array {
    return createCipheriv('aes-128-ecb', key, null).setAutoPadding(false).update(block);
  },

  /** `sealed` ends with its tag; undefined where that is wrong. */
  aes128GcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    associated: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) return undefined;
    const cipher = createDecipheriv('aes-128-gcm', key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(associated).setAuthTag(sealed.subarray(end));
    const opened = cipher.update(sealed.subarray(0, end));
    try {
      cipher.final();
      return opened;
    } catch {
      return undefined;
    }
  },
};
