import type { SessionParameters } from './events.ts';

/** As long as a session is not Up, packets are at least this far apart (RFC 5880 §6.8.3). */
export const SLOW_INTERVAL_US = 1_000_000;
const MOST_US = 0xffff_ffff;

/** Throws a RangeError that says what is wrong with them: they are a person's or a program's, not the network's. */
export function checkParameters(parameters: SessionParameters): SessionParameters {
  const { desiredMinTxIntervalUs, requiredMinRxIntervalUs, detectMultiplier } = parameters;
  const { requiredMinEchoRxIntervalUs = 0, echoIntervalUs = 0 } = parameters;
  // §4.1: zero is reserved in Desired Min TX Interval, and allowed in the others.
  checkRange('desired min TX interval', desiredMinTxIntervalUs, 1, MOST_US);
  checkRange('required min RX interval', requiredMinRxIntervalUs, 0, MOST_US);
  checkRange('required min echo RX interval', requiredMinEchoRxIntervalUs, 0, MOST_US);
  checkRange('echo interval', echoIntervalUs, 0, MOST_US);
  checkRange('detect multiplier', detectMultiplier, 1, 255);
  return parameters;
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (!(Number.isInteger(value) && value >= least && value <= most)) {
    throw new RangeError(`BFD ${what} ${value}: use a whole number from ${least} to ${most}`);
  }
}
