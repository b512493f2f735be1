import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { supervise } from './supervisor.ts';

test('a program that is killed is started again, and not after it was stopped', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-lab-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const pids: number[] = [];
  let onNext = () => {};
  const started = () => new Promise<void>((resolve) => (onNext = resolve));
  const logFile = join(folder, 'program.log');
  const first = started();
  const supervised = supervise(
    {
      name: 'sleeper',
      command: process.execPath,
      args: () => ['-e', `console.log('start ${pids.length}'); setInterval(() => {}, 1000)`],
      logFile,
    },
    (pid) => {
      pids.push(pid);
      onNext();
    },
  );
  t.after(() => supervised.stop());
  await first;
  const second = started();
  process.kill(pids[0]!, 'SIGKILL');
  await second;
  assert.equal(supervised.restarts(), 1);
  assert.notEqual(pids[0], pids[1]);
  await supervised.stop();
  assert.equal(pids.length, 2);
  assert.throws(() => process.kill(pids[1]!, 0), /ESRCH/);
  assert.doesNotMatch(readFileSync(logFile, 'utf8'), /rror/);
});
