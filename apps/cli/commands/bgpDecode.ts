/** `patronus bgp decode`: messages as hex, one a line on the standard input, to JSON a line. */
import { createInterface } from 'node:readline';
import { type Description, describeMessage, type FamilyKey, parseFamily } from '@patronus/bgp';
import { fromHex } from '@patronus/wire';
import { Command } from 'commander';
import { CliError, ExitCode } from '../errors.ts';
import { LineWriter } from '../lineWriter.ts';

interface Options {
  readonly as4: boolean;
  readonly addPath: readonly FamilyKey[];
  readonly extendedMessages?: boolean;
  readonly external?: boolean;
}

const help = `
A line is one whole message, from the marker (ffff…) on; colons and blanks between bytes do not matter. Empty lines and
lines that begin with # are passed over. What a line becomes is one line of JSON:

  verdict  accept, or what RFC 7606 makes of the message: attribute-discard, treat-as-withdraw, session-reset
  code, subcode, name, reason    with session-reset: the NOTIFICATION that follows, and why
  complaints                     each thing that was wrong, with the clause that judges it
  announced, withdrawn           by family; with path identifiers where --add-path says that there are some

How an UPDATE reads depends on what both ends agreed on when the session began, which is not in the message: tell it with
the options.

Examples:
  $ echo ffffffffffffffffffffffffffffffff001304 | patronus bgp decode
  {"type":"keepalive","verdict":"accept"}
  $ patronus bgp decode --no-as4 --add-path ipv4 --add-path ipv6 < messages.hex
  $ patronus bgp decode --external < messages.hex | grep -v '"verdict":"accept"'`;

/** Exit code 1 where a line was no hex. */
export function bgpDecode(): Command {
  return new Command('decode')
    .description('read messages as hex, one a line on the standard input; print what each says, or the verdict')
    .option('--as4', 'AS numbers have four bytes: both ends told it (RFC 6793); the default', true)
    .option('--no-as4', 'AS numbers have two bytes')
    .option('--add-path <family>', 'NLRI of this family has path identifiers (RFC 7911); may be repeated', family, [])
    .option('--extended-messages', 'messages may have 65,535 bytes (RFC 8654)')
    .option('--external', 'the peer is of another AS: LOCAL_PREF and the like are not its to say')
    .option('--internal', 'the peer is of our own AS; the default')
    .addHelpText('after', help)
    .action(async (options: Options) => {
      if (!(await decodeLines(options))) process.exitCode = ExitCode.failed;
    });
}

function family(text: string, before: readonly FamilyKey[]): readonly FamilyKey[] {
  const key = parseFamily(text);
  if (key === undefined) {
    const reason = `--add-path ${text}: no family; say ipv4 or ipv6, or as in "ipv4 multicast"`;
    throw new CliError(reason, ExitCode.usage, 'NO_FAMILY');
  }
  return [...before, key];
}

/** Whether every line was hex. */
async function decodeLines({ as4, addPath, extendedMessages, external }: Options): Promise<boolean> {
  const negotiated = {
    ...{ isFourOctetAs: as4, isExternal: external === true, isExtended: extendedMessages === true },
    addPath: new Set(addPath),
  };
  const out = new LineWriter();
  let isSound = true;
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    const hex = line.replaceAll(/[\s:]+/g, '');
    if (hex === '' || hex.startsWith('#')) continue;
    const bytes = fromHex(hex.replace(/^0x/i, ''));
    const told: Description =
      bytes === undefined ? { error: `line ${number} is no hex` } : describeMessage(bytes, negotiated);
    if (bytes === undefined) isSound = false;
    await out.line(JSON.stringify(told));
  }
  await out.end();
  return isSound;
}
