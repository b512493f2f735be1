import type { Command } from 'commander';
import { ask, type DaemonStatus, type WireStatus } from '../control.ts';
import { controllerClient } from '../controller-client.ts';
import { describeWire } from '../describe-wire.ts';
import { type FabricTunnel, labTunnels } from '../fabric-queries.ts';
import type { Layout } from '../layout.ts';
import { type CommonOptions, layoutOf, pathsOf, printJson, withCommonOptions, withJson } from './shared.ts';
import { printTable } from './table.ts';

export function register(program: Command): void {
  withJson(
    withCommonOptions(program.command('status').description('what is up, what is cut or impaired, and what runs')),
  )
    .addHelpText(
      'after',
      `
Examples:
  patronus lab status
  patronus lab status --json | jq '.wires[] | select(.cut != "no")'`,
    )
    .action(status);
}

async function status(options: CommonOptions): Promise<void> {
  const daemon = (await ask(pathsOf(options).socket, { verb: 'status' })) as DaemonStatus;
  const layout = layoutOf(options);
  const tunnels = await tunnelsOf(daemon, layout);
  if (options.json) return printJson({ lab: options.name, ...daemon, tunnels, sites: layout.sites });
  console.log(`lab ${options.name}: ${layout.topology}, up since ${daemon.since}, process ${daemon.pid}\n`);
  printTable(
    ['SITE', 'LAN', 'HOSTS'],
    layout.sites.map((site) => [site.name, site.lan, hostsOf(site)]),
  );
  console.log();
  printTable(
    ['SITE', 'UPLINK', 'ADDRESS', 'WIRE'],
    daemon.wires.map((wire) => wireRow(layout, wire)),
  );
  if (daemon.processes.length > 0) {
    console.log();
    printTable(
      ['PROCESS', 'PID', 'RESTARTS'],
      daemon.processes.map((each) => [each.name, String(each.pid ?? '(waiting)'), String(each.restarts)]),
    );
  }
  if (daemon.controllerSocket !== undefined) printTunnels(tunnels);
}

/** Undefined when there is no controller to ask, or it does not answer just now. */
async function tunnelsOf(daemon: DaemonStatus, layout: Layout): Promise<FabricTunnel[] | undefined> {
  if (daemon.controllerSocket === undefined) return undefined;
  return labTunnels(controllerClient(daemon.controllerSocket), layout.sites).catch(() => undefined);
}

function printTunnels(tunnels: readonly FabricTunnel[] | undefined): void {
  if (tunnels === undefined) {
    console.log('\nThe controller does not answer, so the state of the tunnels is not known.');
    return;
  }
  const up = tunnels.filter((tunnel) => tunnel.state === 'UP').length;
  console.log(`\n${up} of ${tunnels.length} tunnels up`);
  const end = ({ site, uplink, active }: FabricTunnel['a']) => `${site.name} ${uplink.label}${active ? ' *' : ''}`;
  printTable(
    ['TUNNEL', '', 'STATE', 'ROUND TRIP'],
    tunnels.map((tunnel) => [
      end(tunnel.a),
      end(tunnel.b),
      tunnel.state.toLowerCase(),
      tunnel.roundTripMs === null ? '' : `${tunnel.roundTripMs.toFixed(1)} ms`,
    ]),
  );
  console.log("* carries its site's traffic now");
}

const hostsOf = (site: Layout['sites'][number]) => site.hosts.map((host) => `${host.name} ${host.address}`).join(', ');

function wireRow(layout: Layout, wire: WireStatus): string[] {
  const uplink = layout.sites
    .find((site) => site.name === wire.site)
    ?.uplinks.find((candidate) => candidate.label === wire.uplink);
  return [wire.site, wire.uplink, uplink?.siteAddress ?? '', describeWire(wire)];
}
