/** `patronus bgp neighbor …`: routers that gateways speak BGP with. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { printJson, printLine, printTable, state } from '../output.ts';
import { set } from './bgpNeighborSet.ts';
import { type Neighbour, neighbourNamed, neighboursOf } from './bgpNeighbours.ts';
import { collect, policyOf } from './bgpPolicy.ts';
import { duration } from './bgpTimes.ts';
import { gatewayOf } from './findByName.ts';

const addDocument = `mutation BgpNeighbourAdd($input: AddBgpNeighbourInput!) {
  addBgpNeighbour(input: $input) { bgpNeighbour { id name address } }
}`;
const addSchema = z.object({
  addBgpNeighbour: z.object({
    bgpNeighbour: z.object({ id: z.string(), name: z.string(), address: z.string() }),
  }),
});
const removeDocument =
  'mutation BgpNeighbourRemove($input: RemoveBgpInput!) { removeBgpNeighbour(input: $input) { removedId } }';
const removeSchema = z.object({ removeBgpNeighbour: z.object({ removedId: z.string() }) });

export function bgpNeighbor(): Command {
  return new Command('neighbor')
    .description('routers that gateways speak BGP with')
    .addCommand(list())
    .addCommand(add())
    .addCommand(set())
    .addCommand(remove());
}

function list(): Command {
  return new Command('list')
    .description('list them, with their sessions')
    .option('--site <name>', 'those of this site')
    .option('--json', 'one JSON array for programs')
    .action(async ({ site, json }: { site?: string; json?: boolean }) => {
      const neighbours = await neighboursOf(site);
      if (json === true) return printJson(neighbours);
      const count = (name: 'accepted' | 'received' | 'advertised' | 'flaps') => (one: Neighbour) =>
        String(one.session?.[name] ?? '–');
      printTable(
        neighbours,
        [
          { header: 'Gateway', cell: ({ edge }) => edge.name },
          { header: 'Neighbor', cell: ({ name }) => name },
          { header: 'Address', cell: ({ address }) => address },
          { header: 'AS', cell: ({ remoteAs }) => String(remoteAs), align: 'right' },
          { header: 'State', cell: ({ session }) => (session === null ? '–' : state(session.state)) },
          {
            header: 'For',
            cell: ({ session }) => (session === null ? '–' : duration(Date.now() - Date.parse(session.since))),
            align: 'right',
          },
          { header: 'Received', cell: count('received'), align: 'right' },
          { header: 'Accepted', cell: count('accepted'), align: 'right' },
          { header: 'Advertised', cell: count('advertised'), align: 'right' },
          { header: 'Flaps', cell: count('flaps'), align: 'right' },
          { header: 'Last error', cell: ({ session }) => session?.refusal ?? session?.lastError ?? '' },
        ],
        'No neighbors: `patronus bgp neighbor add SITE ADDRESS --as NUMBER` names one.',
      );
    });
}

interface AddOptions {
  readonly name?: string;
  readonly as: string;
  readonly interface?: string;
  readonly passive?: boolean;
  readonly holdTime?: string;
  readonly keepalive?: string;
  readonly maxPrefixes?: string;
  readonly restartAfter?: string;
  readonly gtsm?: boolean;
  readonly bfd?: boolean;
  readonly import?: string;
  readonly export?: string;
  readonly community?: string[];
  readonly localPreference?: string;
  readonly json?: boolean;
}

function add(): Command {
  return new Command('add')
    .argument('<site>')
    .argument('<address>', 'the one that the router speaks from')
    .description('speak BGP with a router; without --interface it is several hops away')
    .requiredOption('--as <number>', 'its AS number')
    .option('--name <name>', 'what people call it; its address unless said')
    .option('--interface <name>', 'the interface of the gateway that the router is on')
    .option(
      '--import <prefixes>',
      'what it may bring: all, none, or prefixes such as 172.16.0.0/12-24,10.9.0.0/16',
      'none',
    )
    .option('--export <prefixes>', 'what it is told, likewise', 'none')
    .option('--community <value>', 'put on what it brings, such as 65000:1 (repeatable)', collect, [])
    .option('--local-preference <number>', 'of what it brings; higher is preferred')
    .option('--passive', 'wait for the router to call')
    .option('--hold-time <seconds>')
    .option('--keepalive <seconds>', 'a third of the hold time unless said')
    .option('--max-prefixes <count>', 'end the session above this')
    .option('--restart-after <seconds>', 'until a router that brought more is called again; 300 unless said')
    .option('--gtsm', 'only from one hop away (RFC 5082)')
    .option('--bfd', 'end the session as soon as BFD says that the router is gone')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nA key for TCP MD5 is read from the environment (PATRONUS_BGP_KEY), so that no list of processes shows it.\nNothing passes unless --import and --export say so (RFC 8212); other sites take only what `patronus bgp allow` names.\n\nExamples:\n  $ patronus bgp neighbor add berlin 10.1.0.1 --as 65001 --interface lan0 --import all --export all\n  $ patronus bgp neighbor add berlin 192.0.2.1 --as 65010 --import 172.16.0.0/12-24 --bfd',
    )
    .action(async (site: string, address: string, options: AddOptions) => {
      const number = (text: string | undefined) => (text === undefined ? null : Number(text));
      const { name = address.replaceAll(':', '-'), passive = false, gtsm = false, bfd = false } = options;
      const inwards = { communities: options.community ?? [], localPreference: number(options.localPreference) };
      const input = {
        ...{ edgeId: await gatewayOf(site), name, address, remoteAs: Number(options.as), passive, gtsm, bfd },
        ...{ interface: options.interface ?? null, key: process.env.PATRONUS_BGP_KEY || null },
        ...{ holdSeconds: number(options.holdTime), keepaliveSeconds: number(options.keepalive) },
        ...{ maxPrefixes: number(options.maxPrefixes), restartAfterSeconds: number(options.restartAfter) },
        import: policyOf(options.import, inwards),
        export: policyOf(options.export, {}),
      };
      const { bgpNeighbour: added } = (await query(addDocument, { input }, addSchema)).addBgpNeighbour;
      if (options.json === true) return printJson(added);
      printLine(`BGP with ${added.name} added; \`patronus bgp neighbor list\` shows when it is established.`);
      if (input.import === null && input.export === null) {
        printLine('Nothing passes in either direction: --import and --export say what does.');
      }
    });
}

function remove(): Command {
  return new Command('remove')
    .argument('<site>')
    .argument('<neighbor>', 'its name or address')
    .description('end BGP with a router')
    .option('--json', 'one JSON object for programs')
    .action(async (site: string, neighbor: string, options: { json?: boolean }) => {
      const found = await neighbourNamed(site, neighbor);
      const { removeBgpNeighbour } = await query(removeDocument, { input: { id: found.id } }, removeSchema);
      if (options.json === true) printJson(removeBgpNeighbour);
      else printLine(`BGP with ${found.name} removed.`);
    });
}
