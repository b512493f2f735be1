/** What both ends of a tunnel report of its quality, as one picture per direction. */
import type { DirectionQuality, TunnelTelemetry } from '@patronus/protocol';
import type { DirectionSample } from '../store/samples.ts';

export interface DirectionView {
  /** What the loss is a part of. */
  readonly packets: number;
  readonly lossPercent: number;
  readonly jitterMs: number;
  readonly delayChangeMs: number;
  readonly capacityBitsPerSecond: number | null;
}

export interface QualityView {
  readonly aToB: DirectionView | null;
  readonly bToA: DirectionView | null;
  /** Of the end that hears worse. */
  readonly mos: number | null;
}

type End = TunnelTelemetry | undefined;

export function qualityOf(a: End, b: End): QualityView {
  const heard = [a?.quality?.mos, b?.quality?.mos].filter((mos) => mos != null);
  return {
    aToB: directionOf(a, b),
    bToA: directionOf(b, a),
    mos: heard.length === 0 ? null : Math.min(...heard),
  };
}

/** The receiver measured it; the sender knows it from the receiver's reports, which come a little later. */
function directionOf(sender: End, receiver: End): DirectionView | null {
  const quality = receiver?.quality?.incoming ?? sender?.quality?.outgoing ?? null;
  if (quality === null) return null;
  return { ...inWords(quality), capacityBitsPerSecond: sender?.quality?.capacityBitsPerSecond ?? null };
}

function inWords({ packets, loss, jitterUs, delayChangeUs }: DirectionQuality) {
  return { packets, lossPercent: loss * 100, jitterMs: jitterUs / 1000, delayChangeMs: delayChangeUs / 1000 };
}

/** For the charts: a thousandth of a percent and a µs are enough. */
export function directionSample(view: DirectionView | null): DirectionSample {
  return view === null ? null : [rounded(view.lossPercent), rounded(view.jitterMs)];
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
