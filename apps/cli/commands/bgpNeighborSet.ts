/** `patronus bgp neighbor set`: changes what is said of a router, and nothing else. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { neighbourNamed } from './bgpNeighbours.ts';
import { collect, policyOf } from './bgpPolicy.ts';

const document = `mutation BgpNeighbourSet($input: UpdateBgpNeighbourInput!) {
  updateBgpNeighbour(input: $input) { bgpNeighbour { id name address } }
}`;
const schema = z.object({
  updateBgpNeighbour: z.object({
    bgpNeighbour: z.object({ id: z.string(), name: z.string(), address: z.string() }),
  }),
});

interface SetOptions {
  readonly name?: string;
  readonly address?: string;
  readonly as?: string;
  readonly interface?: string;
  readonly passive?: string;
  readonly holdTime?: string;
  readonly keepalive?: string;
  readonly maxPrefixes?: string;
  readonly restartAfter?: string;
  readonly gtsm?: string;
  readonly bfd?: string;
  readonly import?: string;
  readonly export?: string;
  readonly community?: string[];
  readonly localPreference?: string;
  readonly key?: string;
  readonly json?: boolean;
}

export function set(): Command {
  return new Command('set')
    .argument('<site>')
    .argument('<neighbor>', 'its name or address')
    .description('change what is given; the session begins anew only where it has to')
    .option('--name <name>')
    .option('--address <address>')
    .option('--as <number>')
    .option('--interface <name>', 'the interface that the router is on; none: it is several hops away')
    .option('--import <prefixes>', 'what it may bring: all, none, or prefixes such as 172.16.0.0/12-24,10.9.0.0/16')
    .option('--export <prefixes>', 'what it is told, likewise')
    .option('--community <value>', 'with --import: put on what it brings, such as 65000:1 (repeatable)', collect, [])
    .option('--local-preference <number>', 'with --import: of what it brings; higher is preferred')
    .option('--passive <yes|no>', 'wait for the router to call')
    .option('--hold-time <seconds>')
    .option('--keepalive <seconds>', 'none: a third of the hold time')
    .option('--max-prefixes <count>', 'end the session above this')
    .option('--restart-after <seconds>', 'until a router that brought more is called again')
    .option('--gtsm <yes|no>', 'only from one hop away (RFC 5082)')
    .option('--bfd <yes|no>', 'end the session as soon as BFD says that the router is gone')
    .option('--key <from>', 'environment: read PATRONUS_BGP_KEY; none: no key any more')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus bgp neighbor set berlin 10.1.0.1 --max-prefixes 500 --import 172.16.0.0/12-24\n  $ PATRONUS_BGP_KEY=… patronus bgp neighbor set berlin core --key environment',
    )
    .action(async (site: string, neighbor: string, options: SetOptions) => {
      const input = { id: (await neighbourNamed(site, neighbor)).id, ...changesOf(options) };
      if (Object.keys(input).length === 1) {
        throw new CliError('nothing is to be changed; `--help` shows what can be', 1, 'USAGE');
      }
      const { bgpNeighbour } = (await query(document, { input }, schema)).updateBgpNeighbour;
      if (options.json === true) printJson(bgpNeighbour);
      else printLine(`BGP with ${bgpNeighbour.name} is changed.`);
    });
}

function changesOf(options: SetOptions): Record<string, unknown> {
  const { community = [], localPreference, keepalive } = options;
  if (options.import === undefined && (community.length > 0 || localPreference !== undefined)) {
    throw new CliError('--community and --local-preference are part of --import: say it too', 1, 'USAGE');
  }
  const inwards = { communities: community, localPreference: number(localPreference) ?? null };
  const changes = {
    ...{ name: options.name, address: options.address, remoteAs: number(options.as) },
    interface: options.interface === 'none' ? null : options.interface,
    ...{ passive: yesOrNo('passive', options.passive), gtsm: yesOrNo('gtsm', options.gtsm) },
    bfd: yesOrNo('bfd', options.bfd),
    ...{ holdSeconds: number(options.holdTime), maxPrefixes: number(options.maxPrefixes) },
    restartAfterSeconds: number(options.restartAfter),
    keepaliveSeconds: keepalive === 'none' ? null : number(keepalive),
    key: keyFrom(options.key),
    import: options.import === undefined ? undefined : policyOf(options.import, inwards),
    export: options.export === undefined ? undefined : policyOf(options.export, {}),
  };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

function yesOrNo(option: string, text: string | undefined): boolean | undefined {
  if (text === undefined || text === 'yes') return text === undefined ? undefined : true;
  if (text === 'no') return false;
  throw new CliError(`--${option} is yes or no`, 1, 'USAGE');
}

/** Never from the command line, where a list of processes shows it. */
function keyFrom(text: string | undefined): string | null | undefined {
  if (text === undefined || text === 'none') return text === undefined ? undefined : null;
  const key = process.env.PATRONUS_BGP_KEY;
  if (text !== 'environment' || !key) {
    throw new CliError('--key is none, or environment with the key in PATRONUS_BGP_KEY', 1, 'USAGE');
  }
  return key;
}
