/** `patronus site show NAME`: a site's gateways, uplinks and tunnels. */
import { Command } from 'commander';
import { z } from 'zod';
import { query } from '../controller.ts';
import { CliError } from '../errors.ts';
import { bitrate, milliseconds, percent, printJson, printLine, printTable, state } from '../output.ts';
import { printProtection, printQueues, protectionSchema, shapingSchema } from './siteLoad.ts';

const document = `query SiteShow($name: String!) {
  siteByName(name: $name) {
    id name description location state prefixes { prefix segment }
    edges {
      name state softwareVersion configurationState configurationVersion overlayAddress
      protection { sent copies paritySent received repaired lost residualPercent }
    }
    uplinks { id label interface domain cost port state addresses probeTargets breakout { state }
      shaping { bitsPerSecond waitingPackets queues { priority sentBytes droppedPackets markedPackets delayP50Ms delayP99Ms } }
    }
    tunnels {
      id state roundTripMs lossPercent aToBBitsPerSecond bToABitsPerSecond
      a { active site { name } uplink { label } } b { active site { name } uplink { label } }
    }
    peers { name address publicKey }
  }
}`;

const end = z.object({
  active: z.boolean(),
  site: z.object({ name: z.string() }),
  uplink: z.object({ label: z.string() }),
});
const schema = z.object({
  siteByName: z
    .object({
      id: z.string(),
      name: z.string(),
      description: z.string(),
      location: z.string(),
      state: z.string(),
      prefixes: z.array(z.object({ prefix: z.string(), segment: z.number() })),
      edges: z.array(
        z.object({
          name: z.string(),
          state: z.string(),
          softwareVersion: z.string().nullable(),
          configurationState: z.string(),
          configurationVersion: z.string().nullable(),
          overlayAddress: z.string(),
          protection: protectionSchema.nullable(),
        }),
      ),
      uplinks: z.array(
        z.object({
          id: z.string(),
          label: z.string(),
          interface: z.string(),
          domain: z.string(),
          cost: z.number(),
          port: z.number(),
          state: z.string(),
          addresses: z.array(z.string()),
          probeTargets: z.array(z.string()),
          breakout: z.object({ state: z.string() }).nullable(),
          shaping: shapingSchema.nullable(),
        }),
      ),
      tunnels: z.array(
        z.object({
          id: z.string(),
          state: z.string(),
          roundTripMs: z.number().nullable(),
          lossPercent: z.number().nullable(),
          aToBBitsPerSecond: z.number(),
          bToABitsPerSecond: z.number(),
          a: end,
          b: end,
        }),
      ),
      peers: z.array(z.object({ name: z.string(), address: z.string(), publicKey: z.string() })),
    })
    .nullable(),
});
type Site = NonNullable<z.infer<typeof schema>['siteByName']>;

export function siteShow(): Command {
  return new Command('show')
    .argument('<name>', 'the site')
    .description('show a site with its gateways, uplinks and tunnels')
    .option('--json', 'one JSON object for programs')
    .addHelpText('after', '\nExamples:\n  $ patronus site show berlin')
    .action(async (name: string, options: { json?: boolean }) => {
      const { siteByName } = await query(document, { name }, schema);
      if (siteByName === null)
        throw new CliError(`there is no site "${name}"; \`patronus site list\` shows them`, 1, 'NOT_FOUND');
      if (options.json === true) return printJson(siteByName);
      printSite(siteByName);
    });
}

function printSite(site: Site): void {
  printLine(
    `${site.name}  ${state(site.state)}  ${[site.location, site.description].filter((text) => text !== '').join(' · ')}`,
  );
  printLine(`LANs  ${site.prefixes.map((one) => one.prefix).join(' ')}`);
  printTable(
    site.edges,
    [
      { header: 'Gateway', cell: (edge) => edge.name },
      { header: 'State', cell: (edge) => state(edge.state) },
      { header: 'Version', cell: (edge) => edge.softwareVersion ?? '–' },
      {
        header: 'Configuration',
        cell: (edge) => `${edge.configurationVersion ?? '–'} ${state(edge.configurationState)}`,
      },
      { header: 'Fabric address', cell: (edge) => edge.overlayAddress },
    ],
    `No gateway yet. \`patronus site token ${site.name}\` prints the command to paste on one.`,
  );
  printTable(
    site.uplinks,
    [
      { header: 'Uplink', cell: (uplink) => uplink.label },
      { header: 'State', cell: (uplink) => state(uplink.state) },
      { header: 'Interface', cell: (uplink) => uplink.interface },
      { header: 'Domain', cell: (uplink) => uplink.domain },
      { header: 'Cost', cell: (uplink) => String(uplink.cost), align: 'right' },
      { header: 'Addresses', cell: (uplink) => uplink.addresses.join(' ') },
      { header: 'Internet', cell: ({ breakout }) => (breakout === null ? '' : state(breakout.state)) },
      { header: 'Probes', cell: ({ probeTargets }) => probeTargets.join(' ') },
    ],
    'No uplinks.',
  );
  printTable(
    site.tunnels.map((tunnel) => seenFrom(site.name, tunnel)),
    [
      { header: 'Tunnel to', cell: (row) => row.to },
      { header: 'Over', cell: (row) => row.over },
      { header: 'State', cell: (row) => state(row.state) },
      { header: 'Carries traffic', cell: (row) => (row.active ? 'yes' : '') },
      { header: 'Round trip', cell: (row) => milliseconds(row.roundTripMs), align: 'right' },
      { header: 'Loss', cell: (row) => percent(row.lossPercent), align: 'right' },
      { header: 'In', cell: (row) => bitrate(row.inBits), align: 'right' },
      { header: 'Out', cell: (row) => bitrate(row.outBits), align: 'right' },
    ],
    'No tunnels yet: they are made as soon as two sites have gateways whose uplinks can reach each other.',
  );
  printQueues(site.uplinks);
  printProtection(site.edges);
  if (site.peers.length > 0) {
    printTable(
      site.peers,
      [
        { header: 'WireGuard peer', cell: (peer) => peer.name },
        { header: 'Address', cell: (peer) => peer.address },
        { header: 'Public key', cell: (peer) => peer.publicKey },
      ],
      '',
    );
  }
}

function seenFrom(name: string, tunnel: Site['tunnels'][number]) {
  const isA = tunnel.a.site.name === name;
  const [own, other] = isA ? [tunnel.a, tunnel.b] : [tunnel.b, tunnel.a];
  return {
    to: other.site.name,
    over: `${own.uplink.label} → ${other.uplink.label}`,
    state: tunnel.state,
    active: own.active,
    roundTripMs: tunnel.roundTripMs,
    lossPercent: tunnel.lossPercent,
    inBits: isA ? tunnel.bToABitsPerSecond : tunnel.aToBBitsPerSecond,
    outBits: isA ? tunnel.aToBBitsPerSecond : tunnel.bToABitsPerSecond,
  };
}
