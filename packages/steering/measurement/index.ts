/**
 * What a tunnel is like, in each direction, measured by the traffic that it carries. Pure: counters, timestamps and the time
 * come in, figures come out; nothing is allocated for a packet.
 *
 * Standards: RFC 3550 §6.4.1 (jitter), RFC 6298 §2 (smoothed round trip), ITU-T G.107 and G.113 (quality of a call).
 */
export type { DirectionFigures } from './direction.ts';
export type { CounterGaps } from './gaps.ts';
export { emptyReport, type Report, type Traffic, TunnelMeasurement, type WindowName } from './tunnel.ts';
