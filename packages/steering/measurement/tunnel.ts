/**
 * The measurement of one tunnel, from this end: what arrives is measured here, what is sent the other end measures and
 * reports. Both ends report to each other, with timestamps, so that each report is also a probe of the round trip.
 *
 * Everything told is a total, so a report that is lost costs precision and no truth. `instance` is drawn when an end begins
 * to count: with another one the totals begin anew.
 */
import { Capacity } from './capacity.ts';
import { OneWayDelay } from './delay.ts';
import type { DirectionFigures } from './direction.ts';
import { TunnelGaps } from './gaps.ts';
import { meanOpinionScore } from './mos.ts';
import { RoundTrip } from './roundTrip.ts';
import { LossWindow } from './window.ts';

/** Longer round trips are mistakes, or lies. */
const LONGEST_ROUND_TRIP_US = 10_000_000;
/** What was reported last is believed for so long. */
const BELIEVED_MS = 5_000;
/** After news that a path may be getting worse it is looked at closely for so long. */
const RESTLESS_MS = 1_000;
/** So many packets lost between two reports are such news, if they are so large a part: a single one is not. */
const NEWS_LOST = 2;
const NEWS_LOSS = 0.005;

/** What one end tells the other. Times are µs of its own clock; totals count modulo 2^32. */
export interface Report {
  instance: number;
  sentUs: number;
  /** Of the last report that it got: when that was sent, by the clock of its sender (0: none yet), and how long ago it came. */
  echoUs: number;
  heldUs: number;
  /** Messages due and arrived, and bytes of packets. */
  expected: number;
  received: number;
  receivedBytes: number;
  /** Messages sent that may be too large to arrive. */
  probesSent: number;
  jitterUs: number;
  delayChangeUs: number;
}

export function emptyReport(): Report {
  return {
    ...{ instance: 0, sentUs: 0, echoUs: 0, heldUs: 0, expected: 0, received: 0, receivedBytes: 0 },
    ...{ probesSent: 0, jitterUs: 0, delayChangeUs: 0 },
  };
}

/** What the tunnel counted by itself. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly probesSent: number;
  readonly probesReceived: number;
}

/** The last second or two, for decisions; the last ten, for people. */
export type WindowName = 'fast' | 'slow';

export class TunnelMeasurement {
  readonly gaps = new TunnelGaps();
  readonly roundTrip = new RoundTrip();
  readonly #instance: number;
  readonly #incoming = new LossWindow();
  readonly #outgoing = new LossWindow();
  #delay = new OneWayDelay();
  readonly #capacity = new Capacity();
  /** Totals when the incoming direction was last looked at. */
  #expected = 0;
  #received = 0;
  /** What the other end told last, and when that came. */
  readonly #told = emptyReport();
  #toldUs = Number.NEGATIVE_INFINITY;
  #probesReceived = 0;
  #lastSentUs = 0;
  #restlessUntilMs = Number.NEGATIVE_INFINITY;

  constructor(instance: number) {
    this.#instance = instance;
  }

  /** Whether the other end has reported, so that there is something to tell. */
  get hasReport(): boolean {
    return this.#toldUs !== Number.NEGATIVE_INFINITY;
  }

  /** Ends an interval of the incoming direction and writes the report that is due into `report`. */
  write(report: Report, traffic: Traffic, nowUs: number): void {
    this.gaps.settle();
    this.#look(nowUs / 1_000);
    report.instance = this.#instance;
    report.sentUs = nowUs;
    report.echoUs = this.hasReport ? this.#told.sentUs : 0;
    report.heldUs = this.hasReport ? Math.min(0xffff_ffff, nowUs - this.#toldUs) : 0;
    report.expected = this.gaps.expected % 2 ** 32;
    report.received = this.gaps.received % 2 ** 32;
    report.receivedBytes = traffic.receivedBytes % 2 ** 32;
    report.probesSent = traffic.probesSent % 2 ** 32;
    report.jitterUs = Math.round(this.#delay.jitterUs);
    report.delayChangeUs = Math.round(this.#delay.changeUs ?? 0);
    this.#lastSentUs = nowUs;
  }

  /** A report came. False: it is older than the last one, or makes no sense. */
  hear(report: Report, traffic: Traffic, nowUs: number): boolean {
    const told = this.#told;
    const isNew = !this.hasReport || report.instance !== told.instance;
    if (!isNew && report.sentUs <= told.sentUs) return false;
    // The far end began anew, perhaps with another clock.
    if (isNew) this.#delay = new OneWayDelay();
    this.#delay.sample(report.sentUs, nowUs);
    const nowMs = nowUs / 1_000;
    let isNews = this.#measureRoundTrip(report, nowUs);
    if (!isNew) {
      const expected = difference(report.expected, told.expected);
      const lost = expected - difference(report.received, told.received);
      this.#outgoing.add(expected, lost, nowMs);
      isNews ||= lost >= NEWS_LOST && lost > expected * NEWS_LOSS;
      const stretchUs = report.sentUs - told.sentUs;
      this.#capacity.add(difference(report.receivedBytes, told.receivedBytes), stretchUs, report.delayChangeUs, nowMs);
      this.#excuse(difference(report.probesSent, told.probesSent), traffic.probesReceived);
    } else this.#probesReceived = traffic.probesReceived;
    if (isNews) this.#restlessUntilMs = nowMs + RESTLESS_MS;
    Object.assign(told, report);
    this.#toldUs = nowUs;
    return true;
  }

  /** Whether what came lately may mean that the path is getting worse in the direction that this end sends, or longer. */
  isRestless(nowMs: number): boolean {
    return nowMs < this.#restlessUntilMs;
  }

  /** From the other end to here; null: it has not told anything yet. */
  incoming(nowMs: number, window: WindowName = 'fast'): DirectionFigures | null {
    if (!this.hasReport) return null;
    const { packets, loss } = this.#incoming[window](nowMs);
    const { jitterUs, changeUs } = this.#delay;
    return { packets, loss, jitterUs: Math.round(jitterUs), delayChangeUs: Math.round(changeUs ?? 0) };
  }

  /** From here to the other end; null: it has not told anything for seconds. */
  outgoing(nowMs: number, window: WindowName = 'fast'): DirectionFigures | null {
    if (nowMs - this.#toldUs / 1_000 > BELIEVED_MS) return null;
    const { packets, loss } = this.#outgoing[window](nowMs);
    return { packets, loss, jitterUs: this.#told.jitterUs, delayChangeUs: this.#told.delayChangeUs };
  }

  /** 1…4.5; null: not measured. The worse of the two directions is what people complain about. */
  mos(nowMs: number): number | null {
    const [incoming, outgoing] = [this.incoming(nowMs, 'slow'), this.outgoing(nowMs, 'slow')];
    if (incoming === null || outgoing === null || this.roundTrip.smoothedUs === null) return null;
    const jitterUs = Math.max(incoming.jitterUs, outgoing.jitterUs);
    const loss = Math.max(incoming.loss, outgoing.loss);
    return meanOpinionScore(this.roundTrip.smoothedUs / 2_000, jitterUs / 1_000, loss);
  }

  capacityBitsPerSecond(nowMs: number): number | null {
    return this.#capacity.bitsPerSecond(nowMs);
  }

  /** What became known of the incoming direction since it was last looked at. */
  #look(nowMs: number): void {
    const { expected, received } = this.gaps;
    const due = expected - this.#expected;
    this.#incoming.add(due, due - (received - this.#received), nowMs);
    this.#expected = expected;
    this.#received = received;
  }

  #excuse(sent: number, probesReceived: number): void {
    const arrived = probesReceived - this.#probesReceived;
    this.#probesReceived = probesReceived;
    if (sent < MOST_PROBES) this.gaps.excuse(sent - arrived);
  }

  /** Answers whether it was news. */
  #measureRoundTrip({ echoUs, heldUs }: Report, nowUs: number): boolean {
    if (echoUs === 0 || echoUs > this.#lastSentUs) return false;
    const roundTripUs = nowUs - echoUs - heldUs;
    if (roundTripUs < 0 || roundTripUs > LONGEST_ROUND_TRIP_US) return false;
    return this.roundTrip.sample(roundTripUs, nowUs / 1_000);
  }
}

/** More of them between two reports is no search for an MTU. */
const MOST_PROBES = 64;

/** How far a total that counts modulo 2^32 went; 0 where it went back. */
function difference(now: number, before: number): number {
  const forward = (now - before) >>> 0;
  return forward < 2 ** 31 ? forward : 0;
}
