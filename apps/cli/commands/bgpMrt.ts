/** `patronus bgp mrt`: routing tables and sessions' messages in MRT files, as JSON or as lines of text. */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { describeRecord, MrtReader, type MrtRecord, textLines } from '@patronus/bgp';
import { Command } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { LineWriter } from '../lineWriter.ts';

const help = `
Reads what route collectors and routers write (RFC 6396; path identifiers: RFC 8050), packed with gzip or not.
With --text a line is a route, as \`bgpdump -m\` writes it:

  TABLE_DUMP2|time|B|peer|peer AS|prefix|AS path|origin|next hop|local pref|MED|communities|AG or NAG|aggregator|
  BGP4MP|time|A|…  announced      BGP4MP|time|W|…  withdrawn      BGP4MP|time|STATE|peer|AS|from|to

Without it a line is a record as JSON. A record that cannot be read is told on the standard error, and the next one is
read all the same; the exit code is 1 then.

Examples:
  $ patronus bgp mrt --text rib.20260101.0000.gz | head
  $ patronus bgp mrt updates.gz | grep -c '"kind":"message"'
  $ zcat updates.gz | patronus bgp mrt -`;

export function bgpMrt(): Command {
  return new Command('mrt')
    .description('read an MRT file, also a .gz; print its routes and messages')
    .argument('<file>', 'the file; - for the standard input')
    .option('--text', 'a route a line, as `bgpdump -m` writes it')
    .addHelpText('after', help)
    .action(async (file: string, options: { text?: boolean }) => {
      const faults = await printRecords(file, options.text === true ? textLines : asJson);
      if (faults > 0) process.exitCode = ExitCode.failed;
    });
}

function asJson(record: MrtRecord): readonly string[] {
  return record.kind === 'fault' ? [] : [JSON.stringify(describeRecord(record))];
}

/** Answers how many records could not be read. */
async function printRecords(file: string, linesOf: (record: MrtRecord) => readonly string[]): Promise<number> {
  const out = new LineWriter();
  const reader = new MrtReader();
  let [faults, position] = [0, 0];
  const fault = (reason: string) => {
    faults += 1;
    process.stderr.write(`patronus: ${file}: ${reason}\n`);
  };
  let held = new Uint8Array(0);
  try {
    for await (const chunk of chunksOf(file)) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      let at = 0;
      for (let read = reader.read(held, at); read !== undefined; read = reader.read(held, at)) {
        for (const record of read.records) {
          if (record.kind === 'fault') fault(`the record at byte ${position + at}: ${record.reason}`);
          for (const line of linesOf(record)) await out.line(line);
        }
        at = read.next;
      }
      position += at;
      held = held.subarray(at);
      if (out.isGone) break;
    }
    if (held.length > 0 && !out.isGone) fault(`it ends within the record that begins at byte ${position}`);
  } catch (error) {
    await out.end();
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, ExitCode.failed, 'NO_FILE');
  }
  await out.end();
  return faults;
}

/** The file's bytes, unpacked where they begin like gzip's (RFC 1952 §2.3.1). */
async function* chunksOf(file: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 });
  const iterator = input[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return;
  const start = first.value as Buffer<ArrayBuffer>;
  const rest = async function* () {
    yield start;
    yield* { [Symbol.asyncIterator]: () => iterator } as AsyncIterable<Buffer<ArrayBuffer>>;
  };
  if (start[0] !== 0x1f || start[1] !== 0x8b) {
    yield* rest();
    return;
  }
  const unpacked = createGunzip({ chunkSize: 1 << 18 });
  const feeding = feed(rest(), unpacked);
  yield* unpacked as AsyncIterable<Buffer<ArrayBuffer>>;
  await feeding;
}

async function feed(from: AsyncIterable<Uint8Array>, into: ReturnType<typeof createGunzip>): Promise<void> {
  try {
    for await (const chunk of from) {
      if (into.destroyed) return;
      if (!into.write(chunk)) await writable(into);
    }
    into.end();
  } catch (error) {
    into.destroy(error as Error);
  }
}

function writable(stream: ReturnType<typeof createGunzip>): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}
