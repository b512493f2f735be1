import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const log = new URL('./log.ts', import.meta.url).href;

/** A program that logs to us, and is told by its standard input when to say the rest. */
function programThat(work: string): ChildProcess {
  const source = `
    import { openLog } from ${JSON.stringify(log)};
    const log = openLog('info');
    process.stdin.once('data', () => { ${work} });
    log.info('ready');
  `;
  return spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: ['pipe', 'pipe', 'pipe'] });
}

async function isReady({ stdout }: ChildProcess): Promise<void> {
  await once(stdout!, 'data');
}

test('a process ends when it is told to though nobody reads its log any more', async () => {
  const program = programThat(`
    for (let at = 0; at < 200; at++) log.info('x'.repeat(1_000));
    process.exit(3);
  `);
  await isReady(program);
  const ended = once(program, 'exit');
  program.stdout!.destroy();
  program.stdin!.write('go\n');
  assert.deepEqual(await ended, [3, null]);
});

test('a process goes on though nobody reads its log and its standard error any more', async () => {
  const program = programThat(`
    log.info('a word');
    process.stderr.write('a word of its forwarder', () =>
      process.stderr.write('and another', () => setImmediate(() => process.exit(4))),
    );
  `);
  await isReady(program);
  const ended = once(program, 'exit');
  program.stdout!.destroy();
  program.stderr!.destroy();
  program.stdin!.write('go\n');
  assert.deepEqual(await ended, [4, null]);
});

test('lines reach a reader in order and whole, and of what a slow one has no time for the last is left out', async () => {
  const program = programThat(`
    for (let at = 0; at < 2_000; at++) log.info({ at, filling: 'x'.repeat(1_000) });
    process.stdin.on('end', () => process.exit(0));
    process.stderr.write('all said');
  `);
  await isReady(program);
  program.stdout!.pause();
  program.stdin!.write('go\n');
  await once(program.stderr!, 'data');
  const numbers: number[] = [];
  const lines = createInterface({ input: program.stdout! });
  lines.on('line', (line) => {
    const { at } = JSON.parse(line);
    if (at !== undefined) numbers.push(at);
    if (numbers.length === 200) program.stdin!.end();
  });
  await once(lines, 'close');
  assert.ok(numbers.length >= 200 && numbers.length < 2_000, `${numbers.length} lines`);
  assert.deepEqual(
    numbers,
    numbers.map((_, at) => at),
  );
});
