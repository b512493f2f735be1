/**
 * One end of a steady stream, run in a site's namespace: sends a numbered packet every millisecond, keeps when it sent
 * which, and which of the other end's came. Asked in lines of JSON on standard input; ends when that does.
 *
 *     node stream.ts LOCAL REMOTE PORT
 */
import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { systemClock } from '@patronus/system/linux';
import { PACKETS_PER_SECOND } from './streams.ts';

/** Two hours of them. */
const MOST = 7_200 * PACKETS_PER_SECOND;
const PACKET_BYTES = 200;

export type Question =
  | { readonly id: number; readonly ask: 'sent'; readonly fromMs: number; readonly toMs: number }
  | { readonly id: number; readonly ask: 'missing'; readonly from: number; readonly to: number }
  | { readonly id: number; readonly ask: 'times'; readonly numbers: readonly number[] };

/** `sent`: the first and the last number of that time. `missing`: numbers of the other end. `times`: monotonic ms. */
export interface Answer {
  readonly id: number;
  readonly numbers: readonly number[];
  /** `missing`: how many came more than once. */
  readonly twice?: number;
}

const [local, remote, port] = process.argv.slice(2);
if (local !== undefined && remote !== undefined) run(local, remote, Number(port));

function run(local: string, remote: string, port: number): void {
  const sentAt = new Float64Array(MOST);
  const came = new Uint8Array(MOST);
  const packet = Buffer.alloc(PACKET_BYTES);
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  let next = 0;
  socket.on('message', (bytes) => {
    const number = bytes.readUInt32BE(0);
    if (number < MOST && came[number]! < 255) came[number]! += 1;
  });
  // A link that is briefly full or gone: what is lost shows in the count.
  socket.on('error', () => undefined);
  socket.bind(port, local, () => {
    const startMs = systemClock.monotonicMs();
    const send = () => {
      // What a late timer missed is sent now, so that numbers stand for time.
      const due = Math.min(MOST, Math.floor(((systemClock.monotonicMs() - startMs) * PACKETS_PER_SECOND) / 1_000));
      for (; next < due; next++) {
        packet.writeUInt32BE(next, 0);
        sentAt[next] = systemClock.monotonicMs();
        socket.send(Uint8Array.from(packet), port, remote, () => undefined);
      }
      setTimeout(send, 1);
    };
    send();
    process.stdout.write('{"id":0,"numbers":[]}\n');
  });
  const answers = {
    sent: ({ fromMs, toMs }: Extract<Question, { ask: 'sent' }>) => ({
      numbers: [firstAt(sentAt, next, fromMs), firstAt(sentAt, next, toMs)],
    }),
    missing: ({ from, to }: Extract<Question, { ask: 'missing' }>) => {
      const numbers: number[] = [];
      let twice = 0;
      for (let number = from; number < to; number++) {
        if (came[number] === 0) numbers.push(number);
        else if (came[number]! > 1) twice += 1;
      }
      return { numbers, twice };
    },
    times: ({ numbers }: Extract<Question, { ask: 'times' }>) => ({ numbers: numbers.map((each) => sentAt[each]!) }),
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const question = JSON.parse(line) as Question;
    const answer = answers[question.ask](question as never);
    process.stdout.write(`${JSON.stringify({ id: question.id, ...answer })}\n`);
  });
  lines.on('close', () => process.exit(0));
}

/** The first number below `end` that was sent at `atMs` or later. */
function firstAt(sentAt: Float64Array, end: number, atMs: number): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sentAt[middle]! < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
