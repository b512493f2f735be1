/** Rights, scheduling and the end of a parent, as packages/system asks the kernel for them. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

describe('a process on Linux', { skip: skipWithoutRoot }, () => {
  before(enterOwnNamespace);

  test('without the right each refusal says which right is missing', () => {
    const words = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, fixture('without-rights.ts')];
    const answers: Record<string, unknown> = JSON.parse(execFileSync('setpriv', words, { encoding: 'utf8' }));
    assert.match(String(answers.administer), /missing CAP_NET_ADMIN and CAP_NET_RAW.*run as root/);
    assert.match(
      String(answers.tun),
      /cannot create the interface ptun3: .*EPERM; run as root, or grant CAP_NET_ADMIN/,
    );
    assert.match(String(answers.mark), /EPERM; run as root/);
    assert.match(String(answers.route), /cannot set the unreachable route 10\.0\.0\.0\/8 .*EPERM; run as root/);
    assert.equal(answers.scheduledFirst, false);
    assert.equal(answers.buffers, 'as large as allowed');
  });

  test('a thread is scheduled first where that is allowed, and its children are not', () => {
    const script = `
      const { scheduleFirst } = await import('@patronus/system/linux');
      const { execFileSync } = await import('node:child_process');
      const allowed = scheduleFirst(10);
      const policy = (text) => Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[38]);
      const { readFileSync } = await import('node:fs');
      const own = policy(readFileSync('/proc/self/stat', 'latin1'));
      console.log(JSON.stringify({ allowed, own, child: policy(execFileSync('cat', ['/proc/self/stat'], { encoding: 'latin1' })) }));`;
    const text = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: fixture('.'),
    });
    const { allowed, own, child } = JSON.parse(text);
    // A container may forbid it to root as well.
    assert.deepEqual([own, child], allowed ? [1, 0] : [0, 0]);
  });

  test('a child that asked for it dies with its parent, however that ends', async () => {
    const parent = spawn(process.execPath, [fixture('parent-and-child.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    let ended = false;
    parent.stdout.on('data', (text) => {
      said += text;
    });
    // The pipe closes when the last process that holds it is gone: the child holds it too.
    parent.stdout.on('close', () => {
      ended = true;
    });
    try {
      await eventually('the child runs', () => said.includes('ready'));
      assert.equal(ended, false);
    } finally {
      parent.kill('SIGKILL');
    }
    await eventually('the child is gone as well', () => ended);
  });
});
