/**
 * LZ4's block format (github.com/lz4/lz4, doc/lz4_Block_format.md): sequences of a token, literals, and a match that is a
 * 16-bit offset back and a length. Each call stands alone: nothing of one packet is ever used for another.
 *
 * The fast compressor looks for matches with one probe into a small table of positions and steps faster the longer it finds
 * none, as the format's authors do; the thorough one follows a chain of earlier places with the same four bytes and looks
 * one byte further before it settles (lazy matching). The expander believes nothing: every length is held against what is left of the input
 * and of the room before a byte is moved.
 */

/** Positions by hash of four bytes. A position of 0 is also what an empty place says: the comparison decides. */
const TABLE: usize = memory.data(8192, 16);
const LARGE_LOG: u32 = 12;
/** For what is no longer than this, a quarter of the table does, and is cleared in a quarter of the time. */
const SMALL_LOG: u32 = 10;
const SMALL: u32 = 2048;

const LEAST_MATCH: usize = 4;
/** The last match begins at least so far before the end, and the last bytes are literals (end of block conditions). */
const MATCH_MARGIN: usize = 12;
const LAST_LITERALS: usize = 5;
/** Fruitless probes after which the step grows by one. */
const SKIP_TRIGGER: u32 = 6;
/** Data without a single match so far in is taken for random. */
const HOPELESS: usize = 400;

// @ts-ignore: decorator
@inline
function place(word: u32, shift: u32): usize {
  return TABLE + ((((word * 2654435761) >>> shift) as usize) << 1);
}

/** Writes what a length has above 15 (`rest`): bytes of 255 and one below. */
// @ts-ignore: decorator
@inline
function writeRest(op: usize, rest: usize): usize {
  for (; rest >= 255; rest -= 255) store<u8>(op++, 255);
  store<u8>(op++, rest as u8);
  return op;
}

// @ts-ignore: decorator
@inline
function copy(target: usize, source: usize, length: usize): void {
  let done: usize = 0;
  for (; done + 16 <= length; done += 16) v128.store(target + done, v128.load(source + done));
  for (; done < length; done++) store<u8>(target + done, load<u8>(source + done));
}

/** How many bytes agree from `a` and `b` on, up to `limit` for `a`. */
// @ts-ignore: decorator
@inline
function agreement(a: usize, b: usize, limit: usize): usize {
  const start = a;
  while (a + 8 <= limit) {
    const difference = load<u64>(a) ^ load<u64>(b);
    if (difference) return a - start + (ctz(difference) >> 3) as usize;
    a += 8;
    b += 8;
  }
  while (a < limit && load<u8>(a) == load<u8>(b)) {
    a++;
    b++;
  }
  return a - start;
}

/** Writes a sequence; where the next one goes, or 0 where it and the last literals' token would not fit. */
// @ts-ignore: decorator
@inline
function writeSequence(op: usize, room: usize, anchor: usize, literals: usize, offset: usize, match: usize): usize {
  if (op + literals + literals / 255 + match / 255 + 6 > room) return 0;
  const token = op++;
  if (literals >= 15) op = writeRest(op, literals - 15);
  copy(op, anchor, literals);
  op += literals;
  store<u16>(op, offset as u16);
  op += 2;
  if (match >= 15) op = writeRest(op, match - 15);
  store<u8>(token, ((min<usize>(literals, 15) << 4) | min<usize>(match, 15)) as u8);
  return op;
}

/** Writes the literals that end a block; its length, 0 where they do not fit. */
// @ts-ignore: decorator
@inline
function writeLast(op: usize, room: usize, anchor: usize, end: usize, target: usize): u32 {
  const literals = end - anchor;
  const rest = literals >= 15 ? (literals - 15) / 255 + 1 : 0;
  if (op + 1 + rest + literals > room) return 0;
  store<u8>(op++, (min<usize>(literals, 15) << 4) as u8);
  if (literals >= 15) op = writeRest(op, literals - 15);
  copy(op, anchor, literals);
  return (op + literals - target) as u32;
}

/** Where the match that `findMatch` found begins, and what it repeats. */
let found: usize = 0;
let repeated: usize = 0;

/** Looks for the next four bytes that came before, from `ip` on; false when there are none worth having. */
// @ts-ignore: decorator
@inline
function findMatch(source: usize, ip: usize, anchor: usize, lastMatch: usize, shift: u32, acceleration: u32): bool {
  let tries = acceleration << SKIP_TRIGGER;
  while (ip <= lastMatch) {
    const word = load<u32>(ip);
    const at = place(word, shift);
    const ref = source + load<u16>(at);
    store<u16>(at, (ip - source) as u16);
    if (load<u32>(ref) == word && ref < ip) {
      found = ip;
      repeated = ref;
      return true;
    }
    if (anchor == source && ip - source > HOPELESS) return false;
    ip += tries++ >> SKIP_TRIGGER;
  }
  return false;
}

/** Length of the block written to `target`, or 0 when it would be longer than `capacity`. */
export function lz4Compress(source: usize, length: u32, target: usize, capacity: u32, acceleration: u32): u32 {
  const end = source + length;
  const room = target + capacity;
  let anchor = source;
  let op = target;
  if (length > (MATCH_MARGIN as u32)) {
    const isSmall = length <= SMALL;
    const shift = 32 - (isSmall ? SMALL_LOG : LARGE_LOG);
    memory.fill(TABLE, 0, 2 << (isSmall ? SMALL_LOG : LARGE_LOG));
    const lastMatch = end - MATCH_MARGIN;
    const matchLimit = end - LAST_LITERALS;
    let ip = source + 1;
    while (findMatch(source, ip, anchor, lastMatch, shift, acceleration)) {
      ip = found;
      let ref = repeated;
      while (ip > anchor && ref > source && load<u8>(ip - 1) == load<u8>(ref - 1)) {
        ip--;
        ref--;
      }
      let follows = true;
      while (follows) {
        const literals = ip - anchor;
        const match = agreement(ip + LEAST_MATCH, ref + LEAST_MATCH, matchLimit);
        op = writeSequence(op, room, anchor, literals, ip - ref, match);
        if (op == 0) return 0;
        ip += LEAST_MATCH + match;
        anchor = ip;
        follows = false;
        if (ip <= lastMatch) {
          store<u16>(place(load<u32>(ip - 2), shift), (ip - 2 - source) as u16);
          const word = load<u32>(ip);
          const at = place(word, shift);
          ref = source + load<u16>(at);
          store<u16>(at, (ip - source) as u16);
          follows = load<u32>(ref) == word && ref < ip;
        }
      }
      ip++;
    }
    // Nothing was found at all: the literals alone would be longer than what they stand for.
    if (anchor == source && capacity < length) return 0;
  }
  return writeLast(op, room, anchor, end, target);
}

/** For each of the latest positions, one more than the last position before it that has the same hash. */
const CHAIN_LENGTH: usize = 4096;
const CHAIN: usize = memory.data(8192, 16);

// @ts-ignore: decorator
@inline
function remember(source: usize, ip: usize): void {
  const at = place(load<u32>(ip), 32 - LARGE_LOG);
  const position = ip - source;
  store<u16>(CHAIN + ((position & (CHAIN_LENGTH - 1)) << 1), load<u16>(at));
  store<u16>(at, (position + 1) as u16);
}

/** Length of the longest match at `ip` beyond LEAST_MATCH, -1 for none; `repeated` says where. */
// @ts-ignore: decorator
@inline
function longest(source: usize, ip: usize, limit: usize, depth: u32): isize {
  let best: isize = -1;
  const word = load<u32>(ip);
  const position = ip - source;
  let candidate: usize = load<u16>(place(word, 32 - LARGE_LOG));
  while (candidate != 0 && depth-- > 0) {
    const at = candidate - 1;
    if (position - at >= CHAIN_LENGTH) break;
    const ref = source + at;
    if (load<u32>(ref) == word && (best < 0 || load<u8>(ref + LEAST_MATCH + best) == load<u8>(ip + LEAST_MATCH + best))) {
      const length = agreement(ip + LEAST_MATCH, ref + LEAST_MATCH, limit) as isize;
      if (length > best) {
        best = length;
        repeated = ref;
      }
    }
    const before: usize = load<u16>(CHAIN + ((at & (CHAIN_LENGTH - 1)) << 1));
    if (before >= candidate) break;
    candidate = before;
  }
  return best;
}

/** As `lz4Compress`, with up to `depth` places looked at for each match. */
export function lz4CompressHard(source: usize, length: u32, target: usize, capacity: u32, depth: u32): u32 {
  const end = source + length;
  const room = target + capacity;
  let anchor = source;
  let op = target;
  if (length > (MATCH_MARGIN as u32)) {
    memory.fill(TABLE, 0, 2 << LARGE_LOG);
    const lastMatch = end - MATCH_MARGIN;
    const limit = end - LAST_LITERALS;
    let ip = source;
    while (ip <= lastMatch) {
      let match = longest(source, ip, limit, depth);
      let ref = repeated;
      remember(source, ip);
      if (match < 0) {
        ip++;
        if (anchor == source && ip - source > HOPELESS) return 0;
        continue;
      }
      while (ip < lastMatch) {
        const later = longest(source, ip + 1, limit, depth);
        if (later <= match) break;
        ip++;
        match = later;
        ref = repeated;
        remember(source, ip);
      }
      op = writeSequence(op, room, anchor, ip - anchor, ip - ref, match as usize);
      if (op == 0) return 0;
      const stop = ip + LEAST_MATCH + (match as usize);
      for (ip++; ip < stop; ip++) if (ip <= lastMatch) remember(source, ip);
      anchor = ip;
    }
    if (anchor == source && capacity < length) return 0;
  }
  return writeLast(op, room, anchor, end, target);
}

/** Length of what the block expands to at `target`, or -1 when it is no block or longer than `capacity`. */
export function lz4Expand(source: usize, length: u32, target: usize, capacity: u32): i32 {
  let ip = source;
  let op = target;
  const end = source + length;
  const room = target + capacity;
  while (ip < end) {
    const token: usize = load<u8>(ip++);
    let literals = token >> 4;
    if (literals == 15) {
      let more: usize;
      do {
        if (ip >= end || literals > capacity) return -1;
        more = load<u8>(ip++);
        literals += more;
      } while (more == 255);
    }
    if (literals > end - ip || literals > room - op) return -1;
    copy(op, ip, literals);
    ip += literals;
    op += literals;
    // The last sequence ends with its literals.
    if (ip == end) return (op - target) as i32;
    if (end - ip < 2) return -1;
    const offset: usize = load<u16>(ip);
    ip += 2;
    if (offset == 0 || offset > op - target) return -1;
    let match = token & 15;
    if (match == 15) {
      let more: usize;
      do {
        if (ip >= end || match > capacity) return -1;
        more = load<u8>(ip++);
        match += more;
      } while (more == 255);
    }
    match += LEAST_MATCH;
    if (match > room - op) return -1;
    const from = op - offset;
    // Pieces of 16 may be moved where they do not reach into themselves.
    if (offset >= 16) copy(op, from, match);
    else for (let at: usize = 0; at < match; at++) store<u8>(op + at, load<u8>(from + at));
    op += match;
  }
  return -1;
}
