/** `patronus explain`: why a flow goes the way it goes, in a sentence and a table. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { candidateSchema, printCandidates } from './decisions.ts';
import { wholeNumber } from './policyWishes.ts';
import { clock, timeOf } from './times.ts';

const DIRECTION = `{
  from to sentence edge { name } remoteEdge { name }
  decision { at rule reason candidates { label rank state meetsSla roundTripMs lossPercent jitterMs mos cost why } }
}`;
const document = `query Explain(
  $from: String!, $to: String!, $protocol: String, $port: Int, $sourcePort: Int, $application: String, $dscp: Int,
  $at: DateTime
) {
  explain(
    from: $from, to: $to, protocol: $protocol, port: $port, sourcePort: $sourcePort, application: $application,
    dscp: $dscp, at: $at
  ) {
    at way sentence isCertain unknown policy { id name } slaClass { id name bounds }
    considered { verdict why policy { name position } } there ${DIRECTION} back ${DIRECTION}
  }
}`;
const named = z.object({ name: z.string() }).nullable();
const directionSchema = z.object({
  ...{ from: z.string(), to: z.string(), sentence: z.string(), edge: named, remoteEdge: named },
  decision: z
    .object({ at: z.string(), rule: z.string(), reason: z.string(), candidates: z.array(candidateSchema) })
    .nullable(),
});
const explanationSchema = z.object({
  ...{ at: z.string(), way: z.string(), sentence: z.string(), isCertain: z.boolean(), unknown: z.array(z.string()) },
  policy: z.object({ id: z.string(), name: z.string() }).nullable(),
  slaClass: z.object({ id: z.string(), name: z.string(), bounds: z.string() }).nullable(),
  considered: z.array(
    z.object({
      ...{ verdict: z.string(), why: z.string() },
      policy: z.object({ name: z.string(), position: z.number() }),
    }),
  ),
  ...{ there: directionSchema, back: directionSchema },
});
const schema = z.object({ explain: explanationSchema });

interface Options {
  readonly from: string;
  readonly to: string;
  readonly protocol?: string;
  readonly port?: string;
  readonly sourcePort?: string;
  readonly application?: string;
  readonly dscp?: string;
  readonly at?: string;
  readonly json?: boolean;
}

export function explain(): Command {
  return new Command('explain')
    .description('say why a flow from one host to another goes the way it goes')
    .requiredOption('--from <host>', 'address of the host that opens the connection')
    .requiredOption('--to <host>', 'address of the other host')
    .option('--port <port>', 'of the other host')
    .option('--protocol <name>', 'tcp, udp, sctp, icmp, icmpv6, or a number; with --port, tcp unless you say so')
    .option('--source-port <port>', 'of the host that opens the connection')
    .option('--application <name>', 'if you know it (`patronus application list`)')
    .option('--dscp <point>', 'code point that its packets carry, 0 to 63')
    .option('--at <time>', 'at a time in the past: 30m, 2h ago, or 2026-01-31T12:00')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      `
It tells the policy that takes the flow and why those in front of it do not, which path each direction takes, and the
decision that chose it with the table of candidates. What it cannot know it lists.

Examples:
  $ patronus explain --from 10.1.0.10 --to 10.2.0.10 --port 5060 --protocol udp
  $ patronus explain --from 10.1.0.10 --to 10.2.0.10 --port 443 --at 2h`,
    )
    .action(async (options: Options) => {
      const { explain: answer } = await query(document, questionOf(options), schema);
      if (options.json === true) return printJson(answer);
      printLine(answer.sentence);
      if (answer.considered.length > 0) printLine('\nPolicies, in the order in which they are asked:');
      printTable(
        answer.considered,
        [
          { header: '#', cell: ({ policy }) => String(policy.position), align: 'right' },
          { header: 'Policy', cell: ({ policy }) => policy.name },
          { header: 'Takes it', cell: ({ verdict }) => takes[verdict] ?? verdict.toLowerCase() },
          { header: 'Why', cell: ({ why }) => why },
        ],
        '\nThere are no policies: everything takes the cheapest path.',
      );
      for (const [word, direction] of [
        ['There', answer.there],
        ['Back', answer.back],
      ] as const) {
        if (direction.decision === null) continue;
        printLine(`\n${word}, as decided ${clock(direction.decision.at)} (${direction.decision.rule}):`);
        printCandidates(direction.decision.candidates);
      }
      if (answer.unknown.length > 0) printLine('\nNot known:');
      for (const words of answer.unknown) printLine(`- ${words}`);
    });
}

const takes: Readonly<Record<string, string>> = { MATCHES: 'yes', DIFFERS: 'no', DEPENDS: 'depends' };

function questionOf(options: Options): Record<string, unknown> {
  const { from, to, port, sourcePort, dscp, at, application } = options;
  const protocol = options.protocol ?? (port === undefined ? undefined : 'tcp');
  return {
    ...{ from, to, protocol, application },
    ...(port === undefined ? {} : { port: wholeNumber(port, '--port') }),
    ...(sourcePort === undefined ? {} : { sourcePort: wholeNumber(sourcePort, '--source-port') }),
    ...(dscp === undefined ? {} : { dscp: wholeNumber(dscp, '--dscp') }),
    ...(at === undefined ? {} : { at: timeOf(at, '--at', Date.now()) }),
  };
}
