/** The keys of a client's Initial packets (RFC 9001 §5.2, RFC 9369 §3.3): anybody who sees the first one can have them. */

/** What the machine does for us. Answers may be views of memory that is used again. */
export interface QuicCrypto {
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  /** One block of 16 bytes. */
  aes128Encrypt(key: Uint8Array, block: Uint8Array): Uint8Array;
  /** `sealed` ends with the tag of 16 bytes; undefined where it is wrong. */
  aes128GcmOpen(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

export interface InitialKeys {
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly headerProtection: Uint8Array;
}

export const QUIC_V1 = 0x0000_0001;
export const QUIC_V2 = 0x6b33_43cf;

interface VersionConstants {
  readonly salt: Uint8Array;
  readonly keyLabel: Uint8Array;
  readonly ivLabel: Uint8Array;
  readonly headerLabel: Uint8Array;
}

const clientLabel = expandLabel('client in', 32);
const versions: Readonly<Record<number, VersionConstants>> = {
  // RFC 9001 §5.2.
  [QUIC_V1]: constants('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'quic'),
  // RFC 9369 §3.3.1, §3.3.2.
  [QUIC_V2]: constants('0dede3def700a6db819381be6e269dcbf9bd2ed9', 'quicv2'),
};

/** `connectionId`: the destination's, of the client's first Initial. Undefined for versions other than 1 and 2. */
export function clientInitialKeys(
  crypto: QuicCrypto,
  version: number,
  connectionId: Uint8Array,
): InitialKeys | undefined {
  const known = versions[version];
  if (known === undefined) return undefined;
  // HKDF (RFC 5869): extract, then expand; nothing that is asked for is longer than one block of SHA-256.
  const initial = Uint8Array.from(crypto.hmacSha256(known.salt, connectionId));
  const client = Uint8Array.from(crypto.hmacSha256(initial, clientLabel));
  return {
    key: crypto.hmacSha256(client, known.keyLabel).slice(0, 16),
    iv: crypto.hmacSha256(client, known.ivLabel).slice(0, 12),
    headerProtection: crypto.hmacSha256(client, known.headerLabel).slice(0, 16),
  };
}

function constants(salt: string, prefix: string): VersionConstants {
  return {
    salt: Uint8Array.from(salt.match(/../g)!, (byte) => Number.parseInt(byte, 16)),
    keyLabel: expandLabel(`${prefix} key`, 16),
    ivLabel: expandLabel(`${prefix} iv`, 12),
    headerLabel: expandLabel(`${prefix} hp`, 16),
  };
}

/** HkdfLabel (RFC 8446 §7.1) without context, and the counter 1 of HKDF-Expand's first block behind it. */
function expandLabel(label: string, length: number): Uint8Array {
  const text = `tls13 ${label}`;
  return Uint8Array.from([0, length, text.length, ...Array.from(text, (letter) => letter.charCodeAt(0)), 0, 1]);
}
