/**
 * The forwarder's process. Started by process.ts with the control socket as descriptor 3; it gets everything else over
 * that. When the other end hangs up, the edge is gone, and so is this.
 *
 * A packet's way. The kernel routes what is for another site to the TUN. The loop (loop.ts) reads it into a slot of the
 * packet memory with room before and behind it, and `path/outbound.ts` asks: is it a packet, is its source this site's,
 * may it cross? `path/forward.ts` looks up where its destination is — one longest-prefix match over (segment, prefix) —
 * and the flow table says which path group its conversation uses; the group has one tunnel in use, which the fast switch
 * chose when a tunnel last came up or went down. `path/transmit.ts` writes the header before the packet, seals it where
 * it lies, and the socket of the tunnel's uplink sends it. No byte is copied on the way, and nothing is allocated.
 *
 * At the other edge `path/inbound.ts` finds the session by the index in the header, looks whether the counter may be new,
 * opens the packet where it lies, and only then believes anything: the counter, the address it came from, and, if its
 * source is one that the sender's site may use, the packet. It goes to the TUN, or on to another edge.
 *
 * Beside the packets: handshakes and keys (`session/devices.ts` around @patronus/wireguard), BFD, which says whether a
 * tunnel works (`bfd/`, `session/tunnels.ts`) and whether a router is there (`neighbours/`), and the owner's commands (`forwarder.ts`, `apply.ts`).
 *
 * It opens nothing, resolves nothing and reads no file once it runs. Standards: WireGuard (Donenfeld 2017), RFC 791,
 * 8200, 792, 4443, 1191, 1624, 1812.
 */
import { flushCompileCache } from 'node:module';
import {
  compileSoon,
  libc,
  nativeMemory,
  quicCrypto,
  runThriftily,
  sharpenTimers,
  systemClock,
} from '@patronus/system/linux';
import { kernelCipher } from '../cipher.ts';
import { PacketForwarder } from '../forwarder.ts';
import { createMemory } from '../memory.ts';
import { Neighbours } from '../neighbours/neighbours.ts';
import { bfdHashes, systemRandom32 } from './bfdPrimitives.ts';
import { loadKernels } from './loadKernels.ts';
import { Loop } from './loop.ts';
import { NeighbourSockets } from './neighbourSockets.ts';
import { findOpensslCipher } from './openssl.ts';
import { hostPrimitives } from './primitives.ts';
import { Sockets } from './sockets.ts';

const CONTROL_DESCRIPTOR = 3;
const STANDARD_ERROR = 2;

function start(): void {
  runThriftily();
  compileSoon();
  const memory = createMemory();
  const kernels = loadKernels(memory.memory);
  const cipher = findOpensslCipher(memory, kernels) ?? kernelCipher(kernels);
  const sockets: Sockets = new Sockets(memory, () => loop.tellCapabilities());
  const clock = { now: systemClock.monotonicMs, wallClock: systemClock.wallMs };
  const capabilities = { cipher: cipher.name, node: process.version };
  const neighbourSockets = new NeighbourSockets();
  const neighbours = new Neighbours({
    ...{ io: neighbourSockets, hashes: bfdHashes, random32: systemRandom32 },
    emit: (event) => loop.emit(event),
  });
  const loop: Loop = new Loop({
    ...{ memory, sockets, clock, controlDescriptor: CONTROL_DESCRIPTOR, capabilities },
    neighbours: { sockets: neighbourSockets, sessions: neighbours },
  });
  const forwarder = new PacketForwarder({
    memory,
    kernels,
    cipher,
    io: sockets,
    clock,
    neighbours,
    primitives: hostPrimitives(memory, kernels),
    quic: quicCrypto,
    emit: (event) => loop.emit(event),
  });
  sharpenTimers();
  // What was compiled so far is kept now: this process seldom ends in a way that would leave time for it.
  flushCompileCache();
  loop.tellCapabilities();
  loop.run(forwarder);
}

/** console.error would wait for an event loop that never runs. */
function complain(text: string): void {
  const bytes = new TextEncoder().encode(`forwarder: ${text}\n`);
  const memory = nativeMemory(bytes.length);
  memory.bytes.set(bytes);
  libc.write(STANDARD_ERROR, memory.address, bytes.length);
}

try {
  start();
  process.exit(0);
} catch (error) {
  complain(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(70);
}
