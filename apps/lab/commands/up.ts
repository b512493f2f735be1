import { type Command, Option } from 'commander';
import { runUntilStopped, startDaemon, watchStdin } from '../daemon.ts';
import type { Report, UpOptions } from '../lab.ts';
import { requireLinux, requireRoot } from '../rights.ts';
import { loadTopology, topologyNames } from '../topology.ts';
import { type CommonOptions, pathsOf, printJson, withCommonOptions, withJson } from './shared.ts';

interface Options extends CommonOptions {
  readonly topology: string;
  readonly edges: boolean;
  readonly foreground?: boolean;
  readonly controllerSocket?: string;
}

export function register(program: Command): void {
  const command = program
    .command('up')
    .description('make the sites, wires and hosts of a topology, and start an edge in each site')
    .addOption(
      new Option('--topology <name|file>', `one of ${topologyNames().join(', ')}, or a .yaml file`).default(
        'three-sites',
      ),
    )
    .option('--foreground', 'stay here until Ctrl-C, SIGTERM or the end of a piped standard input')
    .option('--no-edges', 'the network alone')
    .option(
      '--controller-socket <path>',
      'admin socket of a running controller (default: .patronus/controller/admin.sock; without one the lab starts its own)',
    );
  withJson(withCommonOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  patronus lab up                               three sites, two uplinks each
  patronus lab up --topology ./mine.yaml        a topology of your own
  patronus lab up --no-edges --name bare        a second lab: only its network`,
    )
    .action(up);
}

async function up(options: Options): Promise<void> {
  requireLinux();
  requireRoot('up');
  const upOptions: UpOptions = {
    lab: options.name,
    topology: options.topology,
    stateDir: options.state,
    withEdges: options.edges,
    controllerSocket: options.controllerSocket,
  };
  const report: Report = (progress) => console.error(`lab: ${progress}`);
  const started = Date.now();
  const ready = () => {
    const topology = loadTopology(options.topology);
    const seconds = (Date.now() - started) / 1000;
    if (options.json)
      printJson({ ok: true, lab: options.name, sites: topology.sites.map((site) => site.name), seconds });
    else console.log(`lab ${options.name} is up (${seconds.toFixed(1)} s); see \`patronus lab status\``);
  };
  if (!options.foreground) {
    await startDaemon(upOptions, report);
    return ready();
  }
  watchStdin(() => process.kill(process.pid, 'SIGTERM'));
  await runUntilStopped(upOptions, report, ready);
  // Standard input may still be open; everything the lab made is gone.
  process.stdin.destroy();
  report(`${pathsOf(options).root} keeps the edges' state and the logs`);
}
