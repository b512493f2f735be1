/**
 * A bulk upload whose rate swings between nothing and all of an uplink, every 20 s: UDP packets of 1,200 bytes to the
 * discard port. Ends when its standard input does.
 *
 *     node bulk.ts LOCAL REMOTE BITS_PER_SECOND
 */
import { createSocket } from 'node:dgram';

const PERIOD_MS = 20_000;
const PACKET_BYTES = 1_200;
const DISCARD = 9;

const [local, remote, bitsPerSecond] = process.argv.slice(2);
const socket = createSocket('udp4');
socket.on('error', () => undefined);
socket.bind(0, local, () => {
  const packet = new Uint8Array(PACKET_BYTES);
  const startMs = performance.now();
  let lastMs = startMs;
  let owed = 0;
  const send = () => {
    const now = performance.now();
    const share = 0.5 - 0.5 * Math.cos((2 * Math.PI * (now - startMs)) / PERIOD_MS);
    owed += (share * Number(bitsPerSecond) * (now - lastMs)) / 8_000;
    lastMs = now;
    for (; owed >= PACKET_BYTES; owed -= PACKET_BYTES) socket.send(packet, DISCARD, remote!, () => undefined);
    setTimeout(send, 2);
  };
  send();
});
process.stdin.on('end', () => process.exit(0)).resume();
