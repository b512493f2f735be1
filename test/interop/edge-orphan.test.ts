/** An edge whose starter was killed: nobody reads its output any more, and nobody else ends it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds } from '../../bench/forwarding/world.ts';
import { buildWorld, type Gateway, settle } from './fixtures/edgeWorld.ts';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

const main = new URL('../../apps/edge/main.ts', import.meta.url).pathname;
const starter = new URL('./fixtures/starter.ts', import.meta.url).pathname;
const WATCHED_MS = 3_000;

/** Starts the edge of this gateway by way of a process that is killed once the edge is settled. */
async function startOrphan(gateway: Gateway, token: string, isSettled: () => Promise<void>): Promise<number> {
  const edge = [process.execPath, main, 'run', '--state', gateway.state, '--trial-seconds', '4', '--token', token];
  const command = ['ip', 'netns', 'exec', gateway.namespace, ...edge];
  const parent = spawn(process.execPath, [starter, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [told] = await once(parent.stdout, 'data');
  await isSettled();
  const gone = once(parent, 'exit');
  parent.kill('SIGKILL');
  await gone;
  return Number(String(told));
}

describe('an edge whose starter was killed', { skip: skipWithoutRoot }, () => {
  test('goes on at rest, also when its forwarders have something to say, and ends when it is told to', async (context) => {
    enterOwnNamespace();
    const world = await buildWorld(context, 1);
    const gateway = world.gateways[0]!;
    const pid = await startOrphan(gateway, world.controller.token(gateway.id), () => settle(world));
    context.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));

    const forwarder = gateway.status()!.process.forwarderPid!;
    // Node says on standard error that it may be inspected, which the edge passes on, to nobody.
    process.kill(forwarder, 'SIGUSR1');
    process.kill(forwarder, 'SIGKILL');
    await eventually('another forwarder takes over', () => {
      const { forwarderPid } = gateway.status()?.process ?? { forwarderPid: null };
      return forwarderPid !== null && forwarderPid !== forwarder;
    });
    process.kill(gateway.status()!.process.forwarderPid!, 'SIGUSR1');

    const processes = [pid, gateway.status()!.process.forwarderPid!];
    const before = cpuSeconds(processes);
    await pause(WATCHED_MS);
    const used = cpuSeconds(processes) - before;
    assert.ok(used < WATCHED_MS / 2_000, `${used} s of processor time in ${WATCHED_MS / 1_000} s`);
    assert.equal(gateway.status()!.process.pid, pid);

    process.kill(pid, 'SIGTERM');
    await eventually('the edge ends', () => !existsSync(`/proc/${pid}`));
  });
});
