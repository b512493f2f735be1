/** `patronus peer …`: stock WireGuard peers of a site. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { findSite } from './findSite.ts';

const addDocument = `mutation PeerAdd($input: AddPeerInput!) {
  addPeer(input: $input) { peer { id name address publicKey } configuration }
}`;
const addSchema = z.object({
  addPeer: z.object({
    peer: z.object({ id: z.string(), name: z.string(), address: z.string(), publicKey: z.string() }),
    configuration: z.string(),
  }),
});
const listDocument = 'query PeerList($id: ID!) { site(id: $id) { peers { id name } } }';
const listSchema = z.object({
  site: z.object({ peers: z.array(z.object({ id: z.string(), name: z.string() })) }).nullable(),
});
const removeDocument = 'mutation PeerRemove($input: RemovePeerInput!) { removePeer(input: $input) { removedId } }';
const removeSchema = z.object({ removePeer: z.object({ removedId: z.string() }) });

export function peer(): Command {
  return new Command('peer')
    .description('add and remove stock WireGuard peers of a site')
    .addCommand(peerAdd())
    .addCommand(peerRemove());
}

function peerAdd(): Command {
  return new Command('add')
    .argument('<site>')
    .argument('<name>')
    .description('let a stock WireGuard peer reach the LAN of a site; prints its wg-quick configuration')
    .requiredOption('--public-key <key>', "the peer's public key (wg genkey | tee key | wg pubkey)")
    .requiredOption('--address <prefix>', 'the address it has inside, e.g. 10.201.0.5/32: one that no LAN holds')
    .option('--json', 'one JSON object for programs')
    .addHelpText(
      'after',
      '\nExamples:\n  $ patronus peer add berlin laptop --address 10.201.0.5/32 --public-key "$(wg pubkey < key)"',
    )
    .action(async (site: string, name: string, options: { publicKey: string; address: string; json?: boolean }) => {
      const { id: siteId } = await findSite(site);
      const { publicKey, address } = options;
      const { addPeer } = await query(addDocument, { input: { siteId, name, publicKey, address } }, addSchema);
      if (options.json === true) return printJson(addPeer);
      printLine(addPeer.configuration);
    });
}

function peerRemove(): Command {
  return new Command('remove')
    .argument('<site>')
    .argument('<name>')
    .description('remove a peer from its site')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus peer remove berlin laptop')
    .action(async (siteName: string, name: string, options: { json?: boolean }) => {
      const { site } = await query(listDocument, { id: (await findSite(siteName)).id }, listSchema);
      const found = site?.peers.find((one) => one.name === name);
      if (found === undefined)
        throw new CliError(`${siteName} has no peer "${name}"; \`patronus site show ${siteName}\` lists them`);
      const { removePeer } = await query(removeDocument, { input: { id: found.id } }, removeSchema);
      if (options.json === true) return printJson(removePeer);
      printLine(`Peer ${name} removed from ${siteName}.`);
    });
}
