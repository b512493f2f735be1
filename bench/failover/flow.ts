/**
 * One gateway's share of the flows that nothing should move: a packet of each every 50 ms, and an open port for those of
 * the others. Every flow has a length of its own, by which it is known on a wire although it is sealed. Ends when its
 * standard input does.
 *
 *     node flow.ts LOCAL FLOWS
 *
 * `FLOWS` is the JSON of a list of `OutgoingFlow`.
 */
import { createSocket } from 'node:dgram';
import type { OutgoingFlow } from './flows.ts';

const PERIOD_MS = 50;

const [local, text] = process.argv.slice(2);
const flows = JSON.parse(text!) as readonly OutgoingFlow[];
for (const port of new Set(flows.map((flow) => flow.port))) {
  createSocket('udp4')
    .on('error', () => undefined)
    .bind(port, local);
}
const sockets = flows.map(({ bytes, port, address }) => {
  const socket = createSocket('udp4');
  // A link that is briefly gone.
  socket.on('error', () => undefined);
  const packet = new Uint8Array(bytes);
  socket.bind(0, local);
  return () => socket.send(packet, port, address, () => undefined);
});
let at = 0;
// One after another, so that none is sent together with the next.
setInterval(() => {
  sockets[at % sockets.length]?.();
  at += 1;
}, PERIOD_MS / sockets.length);
process.stdin.on('end', () => process.exit(0)).resume();
