/** An edge whose starter was killed: nobody reads its output any more, and nobody else ends it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cpuSeconds } from '../../bench/forwarding/world.ts';
import { buildWorld, type Gateway } from './fixtures/edgeWorld.ts';
import { enterOwnNamespace, skipWithoutRoot } from './ownNamespace.ts';

const main = new URL('../../apps/edge/main.ts', import.meta.url).pathname;
const starter = new URL('./fixtures/starter.ts', import.meta.url).pathname;
const WATCHED_MS = 3_000;
const PATIENCE_MS = 90_000;

/** A machine may be busy: nothing here has to be quick. */
async function becomes<Value>(what: string, look: () => Value | undefined | false): Promise<Value> {
  for (const deadlineMs = performance.now() + PATIENCE_MS; performance.now() < deadlineMs; await pause(50)) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  return assert.fail(`timed out: ${what}`);
}

/** Starts the edge of this gateway by way of a process that is killed once the edge is at work. */
async function startOrphan(gateway: Gateway, token: string, isAtWork: () => boolean): Promise<number> {
  const edge = [process.execPath, main, 'run', '--state', gateway.state, '--token', token];
  const command = ['ip', 'netns', 'exec', gateway.namespace, ...edge];
  const parent = spawn(process.execPath, [starter, ...command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [told] = await once(parent.stdout, 'data');
  await becomes('the edge confirms its configuration', isAtWork);
  const gone = once(parent, 'exit');
  parent.kill('SIGKILL');
  await gone;
  return Number(String(told));
}

describe('an edge whose starter was killed', { skip: skipWithoutRoot }, () => {
  test('goes on at rest, also when its forwarders have something to say, and ends when it is told to', async (context) => {
    enterOwnNamespace();
    const { controller, gateways } = await buildWorld(context, 1);
    const gateway = gateways[0]!;
    const hasConfirmed = () => controller.heard(gateway.id, 'confirmed').length > 0;
    const pid = await startOrphan(gateway, controller.token(gateway.id), hasConfirmed);
    context.after(() => existsSync(`/proc/${pid}`) && process.kill(pid, 'SIGKILL'));

    const forwarder = await becomes('a forwarder', () => gateway.status()?.process.forwarderPid ?? undefined);
    process.kill(forwarder, 'SIGKILL');
    const successor = await becomes('another forwarder', () => {
      const found = gateway.status()?.process.forwarderPid;
      return typeof found === 'number' && found !== forwarder && found;
    });
    // Node says on standard error that it may be inspected, which the edge passes on, to nobody.
    process.kill(successor, 'SIGUSR1');

    const before = cpuSeconds([pid, successor]);
    await pause(WATCHED_MS);
    const used = cpuSeconds([pid, successor]) - before;
    assert.ok(used < WATCHED_MS / 2_000, `${used} s of processor time in ${WATCHED_MS / 1_000} s`);
    const status = await becomes('an answer', () => gateway.status());
    assert.deepEqual([status.process.pid, status.process.forwarderPid], [pid, successor]);

    process.kill(pid, 'SIGTERM');
    await becomes('the edge ends', () => !existsSync(`/proc/${pid}`));
  });
});
