/** Records of MRT files as plain values. */
import { addressFromBytes, formatAddress, formatPrefix, prefixOf } from '@patronus/net';
import { scanAttributes } from '../codec/attributes/scan.ts';
import { type FamilyKey, familyName } from '../codec/families.ts';
import type { MrtPeer, MrtRecord } from '../mrt/records.ts';
import { describeAttribute } from './attributes.ts';
import type { Json } from './json.ts';
import { type Description, describeMessage } from './message.ts';

/** RFC 6396 §4.4.1. */
const states = ['Unknown', 'Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'] as const;

/** Where a record says that NLRI comes with identifiers, it means all of it (RFC 8050 §3). */
const everyFamily: ReadonlySet<FamilyKey> = { has: () => true } as unknown as ReadonlySet<FamilyKey>;
const noFamily: ReadonlySet<FamilyKey> = new Set();

export function describeRecord(record: MrtRecord): Description {
  const { kind, time } = record;
  switch (record.kind) {
    case 'route': {
      const { prefix, attributes: bytes, isFourOctetAs, originatedAt } = record;
      const { attributes } = scanAttributes(bytes, 0, bytes.length, {
        isFourOctetAs,
        isExternal: false,
        isRecorded: true,
      });
      return {
        ...{ kind, time, format: record.format, ...peerJson(record.peer), family: familyName(prefix.family) },
        prefix: formatPrefix(prefixOf(addressFromBytes(prefix.address)!, prefix.length)),
        originatedAt,
        attributes: Object.fromEntries(attributes.map(describeAttribute)),
      };
    }
    case 'message': {
      const { isFourOctetAs, hasPathIds } = record;
      const options = { isFourOctetAs, isExternal: false, isExtended: true };
      const message = describeMessage(record.message, { ...options, addPath: hasPathIds ? everyFamily : noFamily });
      return { kind, time, ...peerJson(record.peer), message };
    }
    case 'state': {
      const name = (state: number) => states[state] ?? String(state);
      return { kind, time, ...peerJson(record.peer), from: name(record.from), to: name(record.to) };
    }
    case 'fault':
      return { kind, time, reason: record.reason };
  }
}

function peerJson({ address, as }: MrtPeer): Record<string, Json> {
  return { peer: formatAddress(address), peerAs: as };
}
