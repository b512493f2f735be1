/**
 * One end of a stream of numbered datagrams: `receive PORT`, or `send ADDRESS PORT PER-SECOND`. Each tells every second, as
 * JSON, how many it has sent or seen; the receiver counts a number once, and keeps when numbers were missing.
 */
import { createSocket } from 'node:dgram';

export interface Gap {
  /** Since the receiver began. */
  readonly atSeconds: number;
  /** Numbers that were left out; those that come late after all are still counted here. */
  readonly missing: number;
  /** From the last datagram before it to the first after it. */
  readonly silentMs: number;
}

const [role, ...words] = process.argv.slice(2);
const TICK_MS = 10;
const LENGTH = 100;
/** So many times that numbers were missing are told one by one. */
const MOST_GAPS = 100;

if (role === 'receive') {
  const socket = createSocket('udp4');
  let seen = 0;
  let highest = 0;
  let late = 0;
  let lastMs = 0;
  const start = performance.now();
  const gaps: Gap[] = [];
  socket.on('message', (bytes) => {
    const number = bytes.readUInt32BE(0);
    const nowMs = performance.now();
    if (number <= highest) late += 1;
    const missing = number - highest - 1;
    if (missing > 0 && gaps.length < MOST_GAPS) {
      gaps.push({ atSeconds: Math.round(nowMs - start) / 1_000, missing, silentMs: Math.round(nowMs - lastMs) });
    }
    lastMs = nowMs;
    highest = Math.max(highest, number);
    seen += 1;
  });
  socket.bind(Number(words[0]), () => process.stdout.write('{"gaps":[]}\n'));
  setInterval(() => process.stdout.write(`${JSON.stringify({ seen, highest, late, gaps })}\n`), 1_000);
} else {
  const [address, port, perSecond] = words as [string, string, string];
  const socket = createSocket('udp4');
  const start = performance.now();
  let sent = 0;
  setInterval(() => {
    // As many as are due by the clock: a timer that comes late costs no packets.
    const due = Math.floor(((performance.now() - start) * Number(perSecond)) / 1_000);
    for (; sent < due; sent++) {
      const bytes = Buffer.alloc(LENGTH);
      bytes.writeUInt32BE(sent + 1);
      socket.send(bytes, Number(port), address);
    }
  }, TICK_MS);
  setInterval(() => process.stdout.write(`${JSON.stringify({ sent })}\n`), 1_000);
}
