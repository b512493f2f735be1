/**
 * Has every tunnel that both ends can measure reported to its other end, and tells steering what came of it. A tunnel that
 * carries traffic is reported ten times a second and told four times, or ten where it may be getting worse, all such tunnels
 * at the same moments: one waking for all costs little more than one for each. The report of an idle one goes along with its BFD packets, every other of them at
 * their usual second: it has the same length, so both are one buffer to the kernel, and cost no waking at either end.
 */
import { emptyReport, TunnelMeasurement } from '@patronus/steering/measurement';
import type { QualityReport, TunnelQuality } from '../control.ts';
import { Drop, PASSED } from '../drops.ts';
import type { PacketClock } from '../io.ts';
import type { Link } from '../links.ts';
import { SCRATCH } from '../memory.ts';
import { Capability } from '../overlay.ts';
import type { PathContext } from '../path/context.ts';
import { transmit } from '../path/transmit.ts';
import { decodeReport, encodeReport, REPORT_LENGTH } from './reportFrame.ts';

const REPORT_MS = 100;
/** An idle tunnel's goes along with the first BFD packet after so long, and alone if none comes; steering looks at two seconds. */
const ALONG_AFTER_MS = 1_400;
const IDLE_REPORT_MS = 2_000;
const QUALITY_MS = 250;
const IDLE_QUALITY_MS = 5_000;
/** A tunnel that carried something this long ago still counts as busy: its last reports tell of the last packets. */
const BUSY_FOR_MS = 500;

interface Measured {
  readonly link: Link;
  readonly measurement: TunnelMeasurement;
  /** Packets and probes, both ways, when it was last looked at. */
  carried: number;
  busyUntilMs: number;
  /** When it was last reported to the other end. */
  reportedMs: number;
}

export class Measurements {
  /** When `tick` has something to do at the latest; and when it has something to see if one is awake anyway. */
  deadline = Number.POSITIVE_INFINITY;
  nextLook = Number.POSITIVE_INFINITY;
  readonly #context: PathContext;
  readonly #clock: PacketClock;
  readonly #random32: () => number;
  readonly #tell: (tunnels: readonly QualityReport[], now: number) => void;
  readonly #all = new Map<number, Measured>();
  readonly #report = emptyReport();
  #lastTickMs = Number.NEGATIVE_INFINITY;

  constructor(
    context: PathContext,
    clock: PacketClock,
    random32: () => number,
    tell: (tunnels: readonly QualityReport[], now: number) => void,
  ) {
    this.#context = context;
    this.#clock = clock;
    this.#random32 = random32;
    this.#tell = tell;
  }

  /** Looks after these links from now on. */
  replace(links: readonly Link[], now: number): void {
    const numbers = new Set(links.map(({ number }) => number));
    for (const { link } of [...this.#all.values()]) if (!numbers.has(link.number)) this.#all.delete(link.number);
    for (const link of links) {
      const { measurement } = link;
      if (measurement === undefined || this.#all.get(link.number)?.link === link) continue;
      this.#all.set(link.number, { link, measurement, carried: 0, busyUntilMs: now, reportedMs: now });
    }
    if (this.#all.size > 0) this.nextLook = this.deadline = Math.min(this.deadline, now + REPORT_MS);
    else this.nextLook = this.deadline = Number.POSITIVE_INFINITY;
  }

  /** What a new tunnel is measured with. */
  create(): TunnelMeasurement {
    return new TunnelMeasurement(this.#random32());
  }

  /** A report came over the tunnel. Answers a verdict, not yet counted. */
  frame(link: Link, payload: Uint8Array): number {
    const { measurement, tunnel } = link;
    if (measurement === undefined || tunnel?.heardAnnounce !== true) return Drop.badFrame;
    if (!decodeReport(payload, this.#report)) return Drop.badFrame;
    // The clock itself, not the turn's: a turn may take as long as what is measured.
    measurement.hear(this.#report, trafficOf(link), this.#clock.now() * 1_000);
    return PASSED;
  }

  tick(now: number): void {
    const since = this.#lastTickMs;
    const isDue = (everyMs: number) => Math.floor(now / everyMs) > Math.floor(since / everyMs);
    const reports = isDue(REPORT_MS);
    const [quality, idleQuality] = [isDue(QUALITY_MS), isDue(IDLE_QUALITY_MS)];
    const told: QualityReport[] = [];
    let isAnyBusy = false;
    let idleAtMs = next(now, IDLE_QUALITY_MS);
    for (const measured of this.#all.values()) {
      const isBusy = this.#isBusy(measured, now);
      isAnyBusy ||= isBusy;
      if (now >= measured.reportedMs + IDLE_REPORT_MS || (reports && isBusy)) this.#send(measured, SCRATCH, now);
      idleAtMs = Math.min(idleAtMs, measured.reportedMs + IDLE_REPORT_MS);
      const isWanted = measured.measurement.isRestless(now) ? reports : quality;
      if (idleQuality || (isWanted && isBusy)) told.push(qualityReport(measured, now));
    }
    this.#lastTickMs = now;
    this.nextLook = Math.min(next(now, REPORT_MS), next(now, QUALITY_MS), idleAtMs);
    this.deadline = isAnyBusy ? this.nextLook : idleAtMs;
    if (told.length > 0) this.#tell(told, now);
  }

  /** A BFD packet of this tunnel waits in `outgoing`: if it is time for a report, that follows it there. */
  alongside(link: Link, now: number): void {
    const measured = this.#all.get(link.number);
    if (measured?.link !== link || now < measured.reportedMs + ALONG_AFTER_MS) return;
    this.#send(measured, this.#context.outgoing.take(REPORT_LENGTH), now);
  }

  #isBusy(measured: Measured, now: number): boolean {
    const { link } = measured;
    const carried = link.sentPackets + link.receivedPackets + link.mtuProbesSent + link.mtuProbesReceived;
    if (carried !== measured.carried) measured.busyUntilMs = now + BUSY_FOR_MS;
    measured.carried = carried;
    return now < measured.busyUntilMs;
  }

  #send(measured: Measured, offset: number, now: number): void {
    const { link, measurement } = measured;
    const { tunnel } = link;
    measured.reportedMs = now;
    if (tunnel?.heardAnnounce !== true || (tunnel.capabilities & Capability.measurement) === 0) return;
    measurement.write(this.#report, trafficOf(link), this.#clock.now() * 1_000);
    const frame = encodeReport(this.#report);
    this.#context.memory.bytes.set(frame, offset);
    transmit(this.#context, link, offset, frame.length, now);
  }
}

/** The first multiple of `everyMs` after `now`. */
function next(now: number, everyMs: number): number {
  return (Math.floor(now / everyMs) + 1) * everyMs;
}

function trafficOf({ receivedBytes, mtuProbesSent, mtuProbesReceived }: Link) {
  return { receivedBytes, probesSent: mtuProbesSent, probesReceived: mtuProbesReceived };
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value);
}

function qualityReport({ link, measurement }: Measured, now: number): QualityReport {
  return {
    id: link.tunnel!.id,
    roundTripUs: rounded(measurement.roundTrip.middleUs),
    outgoing: measurement.outgoing(now),
    incoming: measurement.incoming(now),
  };
}

/** For people: over the last ten seconds. */
export function tunnelQuality(measurement: TunnelMeasurement, now: number): TunnelQuality {
  return {
    outgoing: measurement.outgoing(now, 'slow'),
    incoming: measurement.incoming(now, 'slow'),
    mos: measurement.mos(now),
    capacityBitsPerSecond: rounded(measurement.capacityBitsPerSecond(now)),
  };
}
