/**
 * How a process that runs for months and mostly waits keeps small: a young generation that stays as it begins, no helper
 * threads woken for a collection of a millisecond, and what the start needed given back once it is over.
 */
import { readFileSync } from 'node:fs';
import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { cFunction } from './ffi.ts';

/** Megabytes of free heap that the allocator held after a start were seen; this much may stay for what comes. */
const KEPT_BYTES = 256 * 1024;
const MADV_DONTNEED = 4;

// Declared once: each declaration takes some kilobytes that are never given back.
const trim = cFunction('malloc_trim', 'size_t', 1);
const advise = cFunction('madvise', 'size_t', 3);

/**
 * Keeps V8 small from here on. Best called first of all: what has grown stays grown.
 * Without the middle compiler (Maglev) what runs a few times a second stays as it is for longer: idle processes were seen to
 * spend a third of their time on compiling, minutes after their start. What is really hot TurboFan compiles all the same.
 * With a factor of 1 the young generation stays at 2 MB, where it would grow to 16 in a start and never shrink. Flags that
 * say how the whole heap is marked must not change while it may be marked, so they are left alone.
 */
export function runThriftily(): void {
  for (const flag of ['--semi-space-growth-factor=1', '--no-parallel-scavenge', '--no-maglev'])
    setFlagsFromString(flag);
}

/**
 * Gives back what the start of this process needed and its work does not: free pieces of the C heap, of every thread,
 * and pages of program files that were read in and are not written to, which come back from the page cache when they
 * are needed again. Without glibc's `malloc_trim` (musl) the heap stays as it is. Takes some 20 ms.
 */
export function giveBackMemory(): void {
  giveBackFreed();
  if (advise === undefined) return;
  for (const [address, length] of programPages(readFileSync('/proc/self/smaps', 'latin1'))) {
    advise(address, length, MADV_DONTNEED);
  }
}

/** Gives back free pieces of the C heap alone, in some 2 ms: compilers of V8 leave megabytes of them behind. */
export function giveBackFreed(): void {
  trim?.(KEPT_BYTES);
}

/** Below this a collection is not worth its time: 20 ms at once, or 40 ms in steps beside packets. */
const WORTH_PAUSING_BYTES = 128 * 1024;
const WORTH_STEPPING_BYTES = 256 * 1024;
/** Above this one takes too long, and V8 does it in pieces: it goes by how much a heap has grown in proportion. */
const LARGE_BYTES = 64 * 1024 * 1024;
/** By then threads of V8 have freed the buffers that a collection found to be unused. */
const FREED_AFTER_MS = 2_000;

/**
 * Keeps the heap of a process that does little from growing: V8 puts off a whole collection until a small heap has grown by
 * many megabytes, which takes hours, and buffers count for little with it. Pages of the program that it used once go as well:
 * there are more of them by the hour. All of it takes some 30 ms, so this is for processes that may pause for so long.
 */
export class Tidiness {
  readonly #collect: () => void;
  #heldBytes = Number.NEGATIVE_INFINITY;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc');
  }

  /** To be called now and then. Whether there was enough to collect; what is freed is given back a moment later. */
  tidy(): boolean {
    const heldBytes = held();
    if (heldBytes - this.#heldBytes < WORTH_PAUSING_BYTES || heldBytes > LARGE_BYTES) return false;
    this.#collect();
    this.#heldBytes = held();
    setTimeout(() => {
      giveBackMemory();
      this.#heldBytes = Math.min(this.#heldBytes, held());
    }, FREED_AFTER_MS).unref();
    return true;
  }
}

/** Bytes of the heap and of buffers beside it. */
function held(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** V8 begins a collection where buffers beside its heap have grown by 64 MB. Of one that nobody touches no page is ever taken. */
const NUDGE_BYTES = 96 * 1024 * 1024;
const passing: ReadonlySet<string> = new Set(['new_space', 'new_large_object_space', 'read_only_space']);

/**
 * The same for a process that must not pause: V8 collects beside its work, in steps of a millisecond or two, where a whole
 * collection takes twenty at once. There is no call to ask it for that, but it begins one by itself on account of what buffers
 * take beside the heap, so such a buffer is made and dropped. Where there is none to be had (strict overcommit), V8 goes by its
 * own rules from then on.
 */
export class GradualTidiness {
  #leastBytes = Number.NEGATIVE_INFINITY;
  /** Before it says no, V8 looks for room with whole collections: not again. */
  #isRefused = false;

  /** To be called now and then. Whether there was enough to collect; it is collected as the process goes on. */
  tidy(): boolean {
    if (this.#isRefused) return false;
    const bytes = heldForLong();
    if (bytes - this.#leastBytes < WORTH_STEPPING_BYTES) {
      this.#leastBytes = Math.min(this.#leastBytes, bytes);
      return false;
    }
    // What is left of it is seen the next time.
    this.#leastBytes = Number.POSITIVE_INFINITY;
    try {
      return new ArrayBuffer(NUDGE_BYTES).byteLength > 0;
    } catch {
      this.#isRefused = true;
      return false;
    }
  }
}

/** Bytes that only a whole collection frees, as far as they are not in use: the young generation comes and goes. */
function heldForLong(): number {
  const lasting = getHeapSpaceStatistics().filter(({ space_name }) => !passing.has(space_name));
  return lasting.reduce((sum, { space_used_size }) => sum + space_used_size, getHeapStatistics().external_memory);
}

/** A mapping that shows a file and cannot be written to, code or constants: first line and figures of smaps (proc(5)). */
const PROGRAM = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p [0-9a-f]+ \S+ [1-9]\d* +\/.*\n(?:[A-Z]\S*:.*\n)*/gm;

/**
 * Address and length of every mapping that only shows a file. Dropping its pages loses nothing, as long as nobody wrote to
 * them before they were protected, as the linker does where it relocates: of such pages `Anonymous` tells.
 */
export function programPages(smaps: string): [address: number, length: number][] {
  return [...smaps.matchAll(PROGRAM)]
    .filter(([mapping]) => /^Anonymous: +0 kB$/m.test(mapping))
    .map(([, from, to]) => {
      const address = Number.parseInt(from!, 16);
      return [address, Number.parseInt(to!, 16) - address];
    });
}
