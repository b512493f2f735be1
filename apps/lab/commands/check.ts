import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { ask, type DaemonStatus, tryAsk } from '../control.ts';
import { type ControllerClient, controllerClient } from '../controller-client.ts';
import { startDaemon } from '../daemon.ts';
import { exitCodes, LabError } from '../errors.ts';
import { expectedTunnels, type FabricTunnel, labTunnels } from '../fabric-queries.ts';
import type { Layout, UplinkLayout } from '../layout.ts';
import { requireLinux, requireRoot } from '../rights.ts';
import { type PairReport, startTraffic } from '../traffic.ts';
import { type CheckResult, graceMs, verdict } from '../verdict.ts';
import { takeDown } from './down.ts';
import { type CommonOptions, layoutOf, pathsOf, printJson, withCommonOptions, withJson } from './shared.ts';
import { printTable } from './table.ts';

const perSecond = 100;
const beforeCutMs = 3_000;
const afterCutMs = graceMs + 4_000;
const afterRestoreMs = 2_000;

interface Options extends CommonOptions {
  readonly timeout: number;
  readonly topology: string;
  readonly controllerSocket?: string;
}

export function register(program: Command): void {
  const command = program
    .command('check')
    .description(
      'wait for all tunnels, send traffic between all hosts, cut an uplink under it, and count what was lost',
    )
    .option('--timeout <seconds>', 'how long tunnels may take to come up', seconds, 90)
    .option('--topology <name|file>', 'what to bring up if the lab is not up', 'three-sites')
    .option('--controller-socket <path>', 'admin socket of a running controller, if the lab is not up');
  withJson(withCommonOptions(command))
    .addHelpText(
      'after',
      `
Brings the lab up if it is not, and takes it down again if it did. Exit code 0 only if every tunnel was up and no
packet was lost later than ${graceMs / 1000} s after the cut.

Examples:
  patronus lab check
  patronus lab check --json`,
    )
    .action(check);
}

function seconds(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number of seconds.');
  return value;
}

const say = (text: string) => console.error(`lab: ${text}`);

async function check(options: Options): Promise<void> {
  requireLinux();
  requireRoot('check');
  const paths = pathsOf(options);
  const began = Date.now();
  const wasUp = (await tryAsk(paths.socket, { verb: 'status' })) !== undefined;
  if (!wasUp) {
    const { name: lab, topology, controllerSocket } = options;
    await startDaemon({ lab, topology, stateDir: options.state, withEdges: true, controllerSocket }, say);
  }
  try {
    const { result, pairs } = await drill(options, began);
    if (options.json) printJson(result);
    else printResult(result, pairs);
    if (!result.ok) process.exitCode = exitCodes.failed;
  } finally {
    if (!wasUp) await takeDown(options.name, paths, false);
  }
}

async function drill(options: Options, began: number): Promise<{ result: CheckResult; pairs: PairReport[] }> {
  const paths = pathsOf(options);
  const layout = layoutOf(options);
  const { controllerSocket, wires } = (await ask(paths.socket, { verb: 'status' })) as DaemonStatus;
  requireNothingCut(wires);
  if (controllerSocket === undefined) {
    throw new LabError(
      'lab.no_edges',
      'the lab was brought up without edges; take it down and up again without --no-edges',
    );
  }
  const tunnels = await waitForTunnels(controllerClient(controllerSocket), layout, options.timeout * 1000);
  const elapsed = () => (Date.now() - began) / 1000;
  if (tunnels.up < tunnels.total) {
    say(
      `${tunnels.up} of ${tunnels.total} tunnels came up within ${options.timeout} s; the edges' logs are in ${paths.logs}`,
    );
    return { result: verdict(tunnels, [], Date.now(), elapsed()), pairs: [] };
  }
  const { site, label: uplink } = busiestUplink(layout, tunnels.list);
  const traffic = await startTraffic(layout, perSecond);
  try {
    say('sending between all hosts');
    await sleep(beforeCutMs);
    say(`cutting ${site} ${uplink}`);
    const cutAtMs = Date.now();
    await ask(paths.socket, { verb: 'cut', site, uplink, oneWay: false });
    await sleep(afterCutMs).finally(() => ask(paths.socket, { verb: 'restore', site, uplink }));
    say(`restored ${site} ${uplink}`);
    await sleep(afterRestoreMs);
    const pairs = await traffic.finish();
    return { result: verdict(tunnels, pairs, cutAtMs, elapsed()), pairs };
  } finally {
    await traffic.stop();
  }
}

/** With an uplink cut not every tunnel can come up, and waiting for it would be in vain. */
function requireNothingCut(wires: DaemonStatus['wires']): void {
  const cut = wires.find((wire) => wire.cut !== 'no');
  if (cut === undefined) return;
  const name = `${cut.site} ${cut.uplink}`;
  throw new LabError('lab.uplink_cut', `${name} is cut; run \`patronus lab restore ${name}\` first`);
}

async function waitForTunnels(client: ControllerClient, layout: Layout, timeoutMs: number) {
  const expected = expectedTunnels(layout.sites);
  const deadline = Date.now() + timeoutMs;
  for (let said = -1; ; await sleep(250)) {
    const list = await labTunnels(client, layout.sites);
    const up = list.filter((tunnel) => tunnel.state === 'UP').length;
    const total = Math.max(expected, list.length);
    if (up !== said) say(`${up} of ${total} tunnels up`);
    said = up;
    if (up === total || Date.now() > deadline) return { up, total, list };
  }
}

/** The first site's uplink that carries most of its traffic now: cutting an idle one would prove nothing. */
function busiestUplink(layout: Layout, tunnels: readonly FabricTunnel[]): UplinkLayout {
  const uplinks = layout.sites[0]?.uplinks ?? [];
  const active = (uplink: UplinkLayout) =>
    tunnels
      .flatMap((tunnel) => [tunnel.a, tunnel.b])
      .filter((end) => end.active && end.site.name === uplink.site && end.uplink.label === uplink.label).length;
  const [busiest] = uplinks.toSorted((a, b) => active(b) - active(a));
  if (busiest !== undefined) return busiest;
  throw new LabError('lab.no_uplinks', 'the topology has no uplinks');
}

function printResult(result: CheckResult, pairs: readonly PairReport[]): void {
  printTable(
    ['FROM', 'TO', 'SENT', 'ANSWERED', 'LOST'],
    pairs.map((pair) => [pair.from, pair.to, String(pair.sent), String(pair.answered), String(pair.lostAtMs.length)]),
  );
  console.log(
    `\n${result.ok ? 'ok' : 'NOT OK'}: ${result.tunnelsUp} of ${result.tunnels} tunnels up, ${result.lost} of ${result.sent} packets lost, ` +
      `${result.lostAfterCut} of them later than ${graceMs / 1000} s after the cut (${result.seconds} s)`,
  );
}
