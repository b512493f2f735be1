/** Sums of what edges report of MTU, compression and policies. */
import type { PolicyTelemetry, TunnelTelemetry } from '@patronus/protocol';

/** What LZ4 did on a tunnel, both ends together, in bytes of inner packets. */
export interface CompressionView {
  readonly packets: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly skippedPackets: number;
  readonly errors: number;
}

/** What a policy sent, all edges together. */
export type PolicyView = Readonly<Record<Exclude<keyof PolicyTelemetry, 'id'>, number>>;

/** Each end counts what it sent; errors are the receiver's. Null when no end says anything of it. */
export function compressionOf(ends: readonly (TunnelTelemetry | undefined)[]): CompressionView | null {
  const known = ends.flatMap((end) => end?.compression ?? []);
  if (known.length === 0) return null;
  const sum = (key: keyof (typeof known)[number]) => known.reduce((total, one) => total + (one[key] ?? 0), 0);
  return {
    packets: sum('packets'),
    bytesBefore: sum('fromBytes'),
    bytesAfter: sum('toBytes'),
    skippedPackets: sum('skipped'),
    errors: sum('errors'),
  };
}

/** The smaller of both ends' findings: what fits through in both directions. */
export function mtuOf(ends: readonly (TunnelTelemetry | undefined)[]): number | null {
  const known = ends.flatMap((end) => end?.mtu ?? []);
  return known.length === 0 ? null : Math.min(...known);
}

export function policySum(reports: readonly PolicyTelemetry[]): PolicyView {
  const sum = (key: keyof PolicyView) => reports.reduce((total, one) => total + (one[key] ?? 0), 0);
  return {
    sentPackets: sum('sentPackets'),
    sentBytes: sum('sentBytes'),
    compressedPackets: sum('compressedPackets'),
    compressedFromBytes: sum('compressedFromBytes'),
    compressedToBytes: sum('compressedToBytes'),
    skippedPackets: sum('skippedPackets'),
    flows: sum('flows'),
    deniedPackets: sum('deniedPackets'),
  };
}
