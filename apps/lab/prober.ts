/**
 * One host's part of a traffic check, run in the host's namespace: answers everybody's numbered packets and sends its
 * own at a steady rate. Told by JSON lines on standard input, ends with it; says its result on standard output.
 *
 * A packet is 16 bytes: kind (1), zero (3), target (4), number (8), all big-endian; the answer is the same bytes with
 * the other kind, so that both directions are tried and the sender alone keeps the books.
 */
import { createSocket, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';

export const probePort = 7007;

export type ProbeCommand =
  | { readonly verb: 'send'; readonly targets: readonly string[]; readonly perSecond: number }
  /** Stops sending, waits for late answers, reports. */
  | { readonly verb: 'report'; readonly lingerMs: number };

export interface TargetReport {
  readonly address: string;
  readonly sent: number;
  readonly answered: number;
  /** When each packet that was never answered was sent, ms since 1970. */
  readonly lostAtMs: readonly number[];
}

const request = 1;
const answer = 2;
const packetBytes = 16;
const tickMs = 5;

interface Target {
  readonly address: string;
  /** By packet number; NaN once answered. */
  readonly sentAtMs: number[];
  answered: number;
}

export function runProber(socket: Socket, say: (message: object) => void) {
  const targets: Target[] = [];
  let timer: NodeJS.Timeout | undefined;

  socket.on('message', (packet, from) => {
    if (packet.length !== packetBytes) return;
    if (packet[0] === request) {
      packet[0] = answer;
      socket.send(packet, from.port, from.address, () => {});
    } else if (packet[0] === answer) {
      const target = targets[packet.readUInt32BE(4)];
      const number = Number(packet.readBigUInt64BE(8));
      if (target === undefined || !(target.sentAtMs[number] ?? Number.NaN)) return;
      target.sentAtMs[number] = Number.NaN;
      target.answered++;
    }
  });

  function send(addresses: readonly string[], perSecond: number): void {
    for (const address of addresses) targets.push({ address, sentAtMs: [], answered: 0 });
    const began = performance.now();
    timer = setInterval(() => {
      // By the clock, not by ticks: a late tick sends what is owed.
      const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
      for (const [index, target] of targets.entries()) {
        while (target.sentAtMs.length < due) sendOne(index, target);
      }
    }, tickMs);
  }

  function sendOne(index: number, target: Target): void {
    const packet = Buffer.alloc(packetBytes);
    packet[0] = request;
    packet.writeUInt32BE(index, 4);
    packet.writeBigUInt64BE(BigInt(target.sentAtMs.length), 8);
    target.sentAtMs.push(Date.now());
    // A refusal (no route while everything is down) is a lost packet, and is counted as one.
    socket.send(packet, probePort, target.address, () => {});
  }

  return {
    obey(command: ProbeCommand): void {
      if (command.verb === 'send') send(command.targets, command.perSecond);
      else {
        clearInterval(timer);
        setTimeout(() => say({ targets: targets.map(reportOf) }), command.lingerMs);
      }
    },
  };
}

function reportOf({ address, sentAtMs, answered }: Target): TargetReport {
  return { address, sent: sentAtMs.length, answered, lostAtMs: sentAtMs.filter((at) => !Number.isNaN(at)) };
}

if (import.meta.main) {
  const socket = createSocket('udp4');
  const prober = runProber(socket, (message) => console.log(JSON.stringify(message)));
  socket.bind(probePort, () => console.log(JSON.stringify({ ready: true })));
  createInterface({ input: process.stdin })
    .on('line', (line) => prober.obey(JSON.parse(line) as ProbeCommand))
    .on('close', () => process.exit(0));
}
