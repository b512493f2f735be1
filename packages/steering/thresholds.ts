/** The figures that steering goes by. Part of the configuration, so that a what-if can change them. */

export interface Thresholds {
  /** A path that failed is taken back after it was sound for so long, ms; doubles with each failure up to `longestHoldMs`. */
  readonly holdMs: number;
  readonly longestHoldMs: number;
  /** So long without a failure halves the hold, ms. */
  readonly forgiveMs: number;
  /** Returns to an uplink that keeps failing, in `returnWindowMs`. Leaving a path that is down is never limited. */
  readonly mostReturns: number;
  readonly returnWindowMs: number;
  /** Between paths that both keep their bounds, a switch has to gain both of these. */
  readonly leastGainMs: number;
  /** 0…1 of the present. */
  readonly leastGainRatio: number;
  /** Where all paths violate their bounds: the other has to miss them by so much less, 0…1. */
  readonly leastRelief: number;
  /** Between two moves of a group that only measurements ask for, ms. */
  readonly dwellMs: number;
  /** A path that was convicted counts as bad for so long after the last evidence, ms. */
  readonly recoveryMs: number;
  /**
   * For so long after a failure whatever shares an uplink with it is taken last, ms: an idle tunnel may be as dead and not
   * know it yet. At least the longest time that the failure of an idle tunnel takes to be seen.
   */
  readonly suspicionMs: number;
  /** Standard deviations by which a loss has to be beyond its bound to be believed. */
  readonly confidence: number;
  /** Reports in a row that have to show a loss, and those for delay and jitter. */
  readonly lossReports: number;
  readonly delayReports: number;
  /** Longest window that a report covers, ms: those taken so far apart do not overlap and are added up. */
  readonly reportWindowMs: number;
  /** A report says nothing any more after so long, ms. */
  readonly staleMs: number;
}

export const defaultThresholds: Thresholds = {
  holdMs: 60_000,
  longestHoldMs: 30 * 60_000,
  forgiveMs: 60 * 60_000,
  mostReturns: 3,
  returnWindowMs: 60_000,
  leastGainMs: 20,
  leastGainRatio: 0.1,
  leastRelief: 0.25,
  dwellMs: 20_000,
  recoveryMs: 10_000,
  suspicionMs: 4_000,
  confidence: 3,
  lossReports: 2,
  delayReports: 3,
  reportWindowMs: 2_000,
  staleMs: 30_000,
};
