/** `patronus bgp show`: what a running speaker knows. */
import type { NeighbourReport, RouteReport, SummaryReport } from '@patronus/bgp';
import { Command } from 'commander';
import { LineWriter } from '../lineWriter.ts';
import { printJson, printLine, printTable } from '../output.ts';
import { answersOf, type BgpOptions, bgpSocketOption, eachAnswer } from './bgpControl.ts';
import { bgpShowRpki } from './bgpShowRpki.ts';
import { duration } from './bgpTimes.ts';

export function bgpShow(): Command {
  const command = new Command('show').description('neighbors, rib, rpki, summary of the speaker on this machine');
  for (const verb of [neighbors, rib, bgpShowRpki, summary]) command.addCommand(verb());
  return command;
}

function neighbors(): Command {
  return new Command('neighbors')
    .alias('neighbours')
    .description('sessions: state, routes, and why one that is down is down')
    .argument('[neighbor]', 'name or address: this one alone, with everything')
    .option('--json', 'one JSON value for programs')
    .addOption(bgpSocketOption())
    .action(async (neighbour: string | undefined, options: BgpOptions) => {
      const request = { command: 'neighbors', ...(neighbour === undefined ? {} : { neighbour }) };
      const reports = (await answersOf(options, request)) as NeighbourReport[];
      if (options.json === true) printJson(reports);
      else if (neighbour !== undefined) printNeighbour(reports[0]!);
      else printNeighbours(reports);
    });
}

function printNeighbours(reports: readonly NeighbourReport[]): void {
  const sum = (report: NeighbourReport, field: 'received' | 'sent') =>
    String(report.families.reduce((total, one) => total + one[field], 0));
  printTable(
    reports,
    [
      { header: 'Neighbor', cell: ({ name }) => name },
      { header: 'AS', cell: ({ as }) => (as === null ? '–' : String(as)), align: 'right' },
      { header: 'State', cell: ({ state, isDisabled }) => (isDisabled ? 'shut down' : state) },
      { header: 'Up for', cell: ({ upForMs }) => (upForMs === null ? '–' : duration(upForMs)), align: 'right' },
      { header: 'Received', cell: (report) => sum(report, 'received'), align: 'right' },
      { header: 'Sent', cell: (report) => sum(report, 'sent'), align: 'right' },
      { header: 'Flaps', cell: ({ flaps }) => String(flaps), align: 'right' },
      { header: 'Last error', cell: ({ lastError }) => lastError ?? '' },
    ],
    'No neighbors are configured.',
  );
}

function printNeighbour(report: NeighbourReport): void {
  const { families, capabilities, ...plain } = report;
  for (const [name, value] of Object.entries(plain)) printLine(`${name}: ${value === null ? '–' : String(value)}`);
  for (const { family, received, sent, isWaiting, isStale } of families) {
    printLine(
      `${family}: ${received} received${isStale ? ' (stale)' : ''}, ${sent} sent${isWaiting ? ', more to come' : ''}`,
    );
  }
  for (const capability of capabilities) printLine(`capability: ${JSON.stringify(capability)}`);
}

function summary(): Command {
  return new Command('summary')
    .description('the speaker in a glance')
    .option('--json', 'one JSON value for programs')
    .addOption(bgpSocketOption())
    .action(async (options: BgpOptions) => {
      const [report] = (await answersOf(options, { command: 'summary' })) as SummaryReport[];
      if (options.json === true) {
        printJson(report);
        return;
      }
      const { as, identifier, neighbours, established, families, attributeSets, bytes } = report!;
      printLine(`AS ${as}, identifier ${identifier}`);
      printLine(`${established} of ${neighbours} neighbors established`);
      for (const { family, prefixes, routes } of families) {
        printLine(`${family}: ${prefixes} prefixes, ${routes} routes`);
      }
      printLine(`${attributeSets} sets of attributes, ${(bytes / 1e6).toFixed(1)} MB`);
    });
}

interface RibOptions extends BgpOptions {
  readonly family?: string;
  readonly neighbor?: string;
  readonly all?: boolean;
}

function rib(): Command {
  return new Command('rib')
    .description('the best routes, or all of them')
    .argument('[prefix]', 'this prefix and what lies in it')
    .option('--family <family>', 'ipv4 or ipv6')
    .option('--neighbor <neighbor>', 'every route of this neighbor')
    .option('--all', 'also routes that are not the best')
    .option('--json', 'one JSON value for programs')
    .addOption(bgpSocketOption())
    .action(async (prefix: string | undefined, options: RibOptions) => {
      const { family, neighbor: neighbour, all } = options;
      const request = {
        command: 'rib',
        ...Object.fromEntries(
          Object.entries({ prefix, family, neighbour, all }).filter(([, one]) => one !== undefined),
        ),
      };
      const out = new LineWriter();
      let count = 0;
      if (options.json === true) await out.line('[');
      for await (const route of eachAnswer(options, request)) {
        const text =
          options.json === true ? `${count === 0 ? '' : ','}${JSON.stringify(route)}` : routeLine(route as RouteReport);
        await out.line(text);
        count += 1;
        if (out.isGone) break;
      }
      if (options.json === true) await out.line(']');
      else if (count === 0) await out.line('No routes.');
      await out.end();
    });
}

function routeLine({ prefix, isBest, isEligible, isStale, from, nextHop, attributes, pathId }: RouteReport): string {
  const marks = `${isBest ? '*' : ' '}${isEligible ? ' ' : '!'}${isStale ? 's' : ' '}`;
  const path = attributes['as-path'] === '' ? 'local' : String(attributes['as-path'] ?? '');
  const id = pathId === 0 ? '' : ` path ${pathId}`;
  return `${marks} ${prefix.padEnd(20)} via ${nextHop.padEnd(16)} from ${from}${id}  ${path}`;
}
