/**
 * The relay: carries frames between the two inner ends of spoilt wires, in the lab's wires namespace.
 *
 * A process of its own whose one thread sleeps in ppoll, so that nothing delays a frame but what was asked for. It is
 * told what to do by JSON lines on standard input (see RelayCommand), answers each with a line on standard output, and
 * ends when its input does: it never outlives the lab.
 */
import { readSync, writeSync } from 'node:fs';
import { POLLIN, PollSet, sharpenTimers } from '@patronus/system/linux';
import { createImpairment, type Impairment, type ImpairmentSettings } from '@patronus/testkit';
import { type Arrival, createArrivals } from './arrivals.ts';
import type { RelaySettings } from './impair.ts';
import { createFrameMemory, createPacketIo, type PacketSocket } from './packet-socket.ts';

export type RelayCommand =
  | {
      readonly verb: 'carry';
      readonly wire: string;
      readonly site: string;
      readonly core: string;
      readonly settings: RelaySettings;
    }
  | { readonly verb: 'release'; readonly wire: string };

/** Frames in flight at once, over all wires: 32,768 are 200 Mbit/s for two seconds. */
const slots = 32_768;
/** So that one busy wire does not keep the others' due frames waiting. */
const batchesPerTurn = 4;

const frames = createFrameMemory(slots);
const io = createPacketIo(frames);
const standardInput = 0;

interface Direction {
  readonly from: PacketSocket;
  readonly to: PacketSocket;
  readonly arrivals: ReturnType<typeof createArrivals>;
  impairment: Impairment;
}
interface Wire {
  readonly directions: readonly [Direction, Direction];
}
const wires = new Map<string, Wire>();
/** In the order of the poll's entries, behind standard input. */
let directions: readonly Direction[] = [];
let poll = watch();

const now = () => performance.now();
const say = (answer: object) => writeSync(1, `${JSON.stringify(answer)}\n`);
/** The two directions must not share their luck. */
const impair = (settings: ImpairmentSettings, seed: number, direction: 0 | 1) =>
  createImpairment(settings, (seed ^ (direction * 0x5bd1_e995)) >>> 0);

function obey(command: RelayCommand): void {
  const wire = wires.get(command.wire);
  if (command.verb === 'release') {
    if (wire !== undefined) release(wire);
    wires.delete(command.wire);
  } else if (wire === undefined) {
    const [site, core] = [io.open(command.site), io.open(command.core)];
    const { outgoing, incoming, seed } = command.settings;
    wires.set(command.wire, {
      directions: [
        { from: site, to: core, arrivals: createArrivals(), impairment: impair(outgoing, seed, 0) },
        { from: core, to: site, arrivals: createArrivals(), impairment: impair(incoming, seed, 1) },
      ],
    });
  } else {
    const { outgoing, incoming, seed } = command.settings;
    wire.directions[0].impairment = impair(outgoing, seed, 0);
    wire.directions[1].impairment = impair(incoming, seed, 1);
  }
  poll = watch();
  say({ done: command.verb, wire: command.wire });
}

/** Called anew whenever a wire comes or goes. */
function watch(): PollSet {
  directions = [...wires.values()].flatMap((wire) => wire.directions);
  const set = new PollSet(1 + directions.length);
  set.set(0, standardInput, POLLIN);
  for (const [i, direction] of directions.entries()) set.set(i + 1, direction.from.descriptor, POLLIN);
  return set;
}

/** What is still on its way arrives now rather than never. */
function release({ directions }: Wire): void {
  for (const direction of directions) deliverDue(direction, Number.POSITIVE_INFINITY);
  for (const direction of directions) direction.from.close();
}

function takeIn(direction: Direction): void {
  for (let turn = 0; turn < batchesPerTurn; turn++) {
    const nowMs = now();
    const count = direction.from.receive((slot, length) => {
      const deliveries = direction.impairment.decide(nowMs, length);
      if (deliveries.length === 0) return frames.give(slot);
      // The copies first: the original may be about to lose a bit.
      for (const { atMs, flipBit } of deliveries.slice(1)) {
        const copy = frames.take();
        if (copy < 0) continue;
        frames.bytes(copy).set(frames.bytes(slot).subarray(0, length));
        queue(direction, { atMs, slot: copy, length }, flipBit);
      }
      const [{ atMs, flipBit } = { atMs: nowMs, flipBit: -1 }] = deliveries;
      queue(direction, { atMs, slot, length }, flipBit);
    });
    if (count === 0) return;
  }
}

function queue(direction: Direction, arrival: Arrival, flipBit: number): void {
  if (flipBit >= 0) {
    const bytes = frames.bytes(arrival.slot);
    bytes[flipBit >> 3] = (bytes[flipBit >> 3] ?? 0) ^ (1 << (flipBit & 7));
  }
  direction.arrivals.add(arrival);
}

function deliverDue({ arrivals, to }: Direction, nowMs: number): void {
  const due: Arrival[] = [];
  for (let arrival = arrivals.takeDue(nowMs); arrival !== undefined; arrival = arrivals.takeDue(nowMs))
    due.push(arrival);
  if (due.length > 0) io.send(to, due);
}

let input = '';
const inputBytes = Buffer.alloc(65_536);

/** False once standard input has ended. */
function readCommands(): boolean {
  const count = readSync(0, inputBytes);
  if (count === 0) return false;
  input += inputBytes.toString('utf8', 0, count);
  const lines = input.split('\n');
  input = lines.pop() ?? '';
  for (const line of lines) {
    const command = JSON.parse(line) as RelayCommand;
    try {
      obey(command);
    } catch (error) {
      say({ failed: command.verb, wire: command.wire, message: (error as Error).message });
    }
  }
  return true;
}

sharpenTimers();
say({ done: 'start', wire: '' });
for (let isTold = true; isTold; ) {
  const nextMs = Math.min(...directions.map((direction) => direction.arrivals.nextMs()));
  poll.wait((nextMs - now()) * 1e6);
  for (const [i, direction] of directions.entries()) if (poll.happened(i + 1) !== 0) takeIn(direction);
  for (const direction of directions) deliverDue(direction, now());
  // Last, because it may change what is watched.
  if (poll.happened(0) !== 0) isTold = readCommands();
}
