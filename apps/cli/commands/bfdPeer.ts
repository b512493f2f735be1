/** `patronus bfd peer …`: routers on the LAN of a gateway or beyond an uplink that it runs BFD with. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { milliseconds, printJson, printLine, printTable, state } from '../output.ts';
import { everyPage } from './everyPage.ts';
import { gatewayOf, idOf } from './findByName.ts';

const listDocument = `query BfdPeers($after: String, $filter: BfdPeerFilter) {
  bfdPeers(first: 200, after: $after, filter: $filter) {
    edges { node {
      id address interface intervalMs multiplier passive authentication keyId edge { id name }
      session { state remoteState transmitIntervalMs detectionTimeMs downs diagnosticText }
    } }
    pageInfo { hasNextPage endCursor }
  }
}`;
const sessionSchema = z.object({
  ...{ state: z.string(), remoteState: z.string(), transmitIntervalMs: z.number(), detectionTimeMs: z.number() },
  ...{ downs: z.number(), diagnosticText: z.string() },
});
const peerSchema = z.object({
  ...{ id: z.string(), address: z.string(), interface: z.string().nullable(), intervalMs: z.number() },
  ...{ multiplier: z.number(), passive: z.boolean(), authentication: z.string().nullable() },
  keyId: z.number().nullable(),
  edge: z.object({ id: z.string(), name: z.string() }),
  session: sessionSchema.nullable(),
});
export type Peer = z.infer<typeof peerSchema>;

const addDocument = `mutation BfdPeerAdd($input: AddBfdPeerInput!) {
  addBfdPeer(input: $input) { bfdPeer { id address } }
}`;
const addSchema = z.object({
  addBfdPeer: z.object({ bfdPeer: z.object({ id: z.string(), address: z.string() }) }),
});
const removeDocument = `mutation BfdPeerRemove($input: RemoveBfdPeerInput!) {
  removeBfdPeer(input: $input) { removedId }
}`;
const removeSchema = z.object({ removeBfdPeer: z.object({ removedId: z.string() }) });

export async function bfdPeers(site: string | undefined): Promise<Peer[]> {
  const filter = site === undefined ? {} : { siteId: await idOf('site', site) };
  return everyPage(listDocument, 'bfdPeers', peerSchema, { filter });
}

export function printPeers(peers: readonly Peer[]): void {
  printTable(
    peers,
    [
      { header: 'Gateway', cell: ({ edge }) => edge.name },
      { header: 'Router', cell: ({ address }) => address },
      { header: 'On', cell: (peer) => peer.interface ?? 'several hops' },
      { header: 'State', cell: ({ session }) => (session === null ? '–' : state(session.state)) },
      { header: 'Sends every', cell: timer('transmitIntervalMs'), align: 'right' },
      { header: 'Down after', cell: timer('detectionTimeMs'), align: 'right' },
      { header: 'Downs', cell: ({ session }) => String(session?.downs ?? '–'), align: 'right' },
      { header: 'Authentication', cell: ({ authentication }) => authentication?.toLowerCase() ?? 'none' },
      { header: 'Diagnostic', cell: ({ session }) => session?.diagnosticText ?? '' },
    ],
    'No routers: `patronus bfd peer add SITE ADDRESS` names one.',
  );
}

export function bfdPeer(): Command {
  return new Command('peer')
    .description('routers on the LAN or beyond an uplink that gateways run BFD with (RFC 5881, RFC 5883)')
    .addCommand(list())
    .addCommand(add())
    .addCommand(remove());
}

function list(): Command {
  return new Command('list')
    .description('list them, with their sessions')
    .option('--site <name>', 'those of this site')
    .option('--json', 'one JSON array for programs')
    .action(async ({ site, json }: { site?: string; json?: boolean }) => {
      const peers = await bfdPeers(site);
      if (json === true) printJson(peers);
      else printPeers(peers);
    });
}

interface AddOptions {
  readonly interface?: string;
  readonly interval?: string;
  readonly multiplier?: string;
  readonly passive?: boolean;
  readonly authentication?: string;
  readonly keyId?: string;
  readonly json?: boolean;
}

function add(): Command {
  return new Command('add')
    .argument('<site>')
    .argument('<address>', 'the one that the router sends from')
    .description('run BFD with a router; without --interface it is several hops away')
    .option('--interface <name>', 'the interface of the gateway that the router is on')
    .option('--interval <ms>', 'how often both send', '300')
    .option('--multiplier <count>', 'down after so many intervals without a packet', '3')
    .option('--passive', 'be silent until the router speaks')
    .option('--authentication <type>', 'simple, md5, meticulous-md5, sha1 or meticulous-sha1')
    .option('--key-id <number>', 'the number that the router knows the key by', '1')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nThe key is read from the environment (PATRONUS_BFD_KEY), so that no list of processes shows it.\n\nExamples:\n  $ patronus bfd peer add berlin 10.1.0.1 --interface lan0 --interval 50\n  $ PATRONUS_BFD_KEY=… patronus bfd peer add berlin 192.0.2.1 --authentication meticulous-sha1 --key-id 7',
    )
    .action(async (site: string, address: string, options: AddOptions) => {
      const input = {
        ...{ edgeId: await gatewayOf(site), address, interface: options.interface ?? null },
        ...{ intervalMs: Number(options.interval), multiplier: Number(options.multiplier) },
        passive: options.passive === true,
        authentication: authenticationOf(options),
      };
      const { bfdPeer: added } = (await query(addDocument, { input }, addSchema)).addBfdPeer;
      if (options.json === true) printJson(added);
      else printLine(`BFD with ${added.address} added; \`patronus bfd peer list\` shows when it is up.`);
    });
}

function authenticationOf({ authentication, keyId }: AddOptions) {
  if (authentication === undefined) return null;
  const key = process.env.PATRONUS_BFD_KEY;
  if (key === undefined || key === '') {
    throw new CliError('authentication needs a key: put it into the environment as PATRONUS_BFD_KEY');
  }
  return { type: authentication.toUpperCase().replace('-', '_'), keyId: Number(keyId), key };
}

function remove(): Command {
  return new Command('remove')
    .argument('<site>')
    .argument('<address>')
    .description('end BFD with a router; it is told that this is no failure')
    .option('--json', 'one JSON object for programs')
    .action(async (site: string, address: string, options: { json?: boolean }) => {
      const found = (await bfdPeers(site)).find((peer) => peer.address === address || peer.id === address);
      if (found === undefined) {
        const advice = `\`patronus bfd peer list --site ${site}\` shows its routers`;
        throw new CliError(`${site} has no BFD with ${address}; ${advice}`, 1, 'NOT_FOUND');
      }
      const { removeBfdPeer } = await query(removeDocument, { input: { id: found.id } }, removeSchema);
      if (options.json === true) printJson(removeBfdPeer);
      else printLine(`BFD with ${found.address} removed.`);
    });
}

function timer(name: 'transmitIntervalMs' | 'detectionTimeMs') {
  return ({ session }: Peer) => (session === null ? '–' : milliseconds(session[name]));
}
