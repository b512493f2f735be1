/** Times and limits under the paper's own names (§6.1). Times are milliseconds. */
export const REKEY_AFTER_TIME = 120_000;
export const REJECT_AFTER_TIME = 180_000;
export const REKEY_ATTEMPT_TIME = 90_000;
export const REKEY_TIMEOUT = 5_000;
export const KEEPALIVE_TIMEOUT = 10_000;

/** A retry waits up to this much longer, so that two ends that started together do not stay in step. */
export const REKEY_TIMEOUT_JITTER = 333;

/**
 * The paper says 2^60 and 2^64 - 2^13 - 1. Counters here are JavaScript numbers, exact up to 2^53, so both limits are
 * lower. Stricter than the paper is compatible with it, and never met: 2^48 packets within the 180 s of a session are
 * 1.5 × 10^12 a second.
 */
export const REKEY_AFTER_MESSAGES = 2 ** 48;
export const REJECT_AFTER_MESSAGES = 2 ** 53 - 2 ** 13 - 1;

/** A cookie, and the secret it is made from, live this long (§5.4.7). */
export const COOKIE_LIFETIME = 120_000;

/** Initiations of one peer closer together than this are dropped, whatever their timestamps say (§5.1: 50 a second). */
export const INITIATION_INTERVAL = 20;

/** Sessions that fell out go on receiving so long: longer than a datagram takes, and a handshake with it. */
export const LATE_TIME = 5_000;
