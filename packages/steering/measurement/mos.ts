/**
 * How a call over a path would sound, 1…4.5: the E-model of ITU-T G.107 with everything but delay and loss at its default,
 * for G.711 with concealment of lost packets (G.113 Appendix I: Ie = 0, Bpl = 25.1).
 */

const DEFAULT_R = 93.2;
const ROBUSTNESS = 25.1;
/** Beyond it people begin to talk at once. */
const NOTICED_MS = 177.3;
/** A packet of 20 ms has to be spoken before it is sent; what waits for late ones is twice their jitter. */
const PACKET_MS = 20;
const BUFFERED_JITTERS = 2;

export function meanOpinionScore(oneWayDelayMs: number, jitterMs: number, loss: number): number {
  const delay = oneWayDelayMs + PACKET_MS + BUFFERED_JITTERS * jitterMs;
  const byDelay = 0.024 * delay + 0.11 * Math.max(0, delay - NOTICED_MS);
  const percent = loss * 100;
  const byLoss = (95 * percent) / (percent + ROBUSTNESS);
  const rating = DEFAULT_R - byDelay - byLoss;
  if (rating <= 0) return 1;
  const score = 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
  return Math.min(4.5, Math.max(1, score));
}
