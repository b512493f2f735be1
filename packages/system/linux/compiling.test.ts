import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { CompilingWhenBusy } from './compiling.ts';

/** Runs a program with V8's own `%` calls. Compiled at once, where the machine's other work would say how long it takes. */
function linesOf(program: string): string[] {
  const flags = ['--allow-natives-syntax', '--no-concurrent-recompilation', '--input-type=module', '--eval', program];
  return execFileSync(process.execPath, flags, { encoding: 'utf8', timeout: 60_000 }).trim().split('\n');
}

/** Until TurboFan has compiled a new function, or 400,000. */
const callsUntilCompiled = `
  const callsUntilCompiled = () => {
    const work = new Function('from', 'by', 'let sum = from; for (let at = 0; at < 4; at++) sum = (sum * 31 + by) | 0; return sum;');
    const isCompiled = () => (%GetOptimizationStatus(work) & (1 << 6)) !== 0;
    let [called, sum] = [0, 0];
    for (; called < 400_000 && !isCompiled(); called++) sum = work(sum, called);
    return called;
  };
`;
const [compiling, thrift] = ['./compiling.ts', './thrift.ts'].map((file) =>
  JSON.stringify(new URL(file, import.meta.url).href),
);

test('what is called some hundred times is compiled, where V8 by itself waits for thousands', () => {
  const calls = (compile: string) =>
    Number(
      linesOf(`
        import { runThriftily } from ${thrift};
        import { compileSoon } from ${compiling};
        runThriftily();
        ${compile};
        ${callsUntilCompiled}
        console.log(callsUntilCompiled());
      `)[0],
    );
  const soon = calls('compileSoon()');
  const byItself = calls('');
  assert.ok(soon < 1_000 && byItself > 1_000, `${soon} calls, and ${byItself} by itself`);
});

test('a process that compiles when it is busy compiles nothing while it is not', () => {
  const [calm, busy, calmAgain] = linesOf(`
    import { runThriftily } from ${thrift};
    import { CompilingWhenBusy } from ${compiling};
    runThriftily();
    const effort = { usedMs: 0, nowMs: 0 };
    const compiling = new CompilingWhenBusy(() => ({ ...effort }));
    const pass = (seconds, share) => {
      for (let at = 0; at < seconds; at++) {
        effort.nowMs += 1_000;
        effort.usedMs += 1_000 * share;
        compiling.look();
      }
    };
    ${callsUntilCompiled}
    pass(100, 0.1);
    console.log(callsUntilCompiled());
    pass(2, 0.9);
    console.log(callsUntilCompiled());
    pass(61, 0.01);
    console.log(callsUntilCompiled());
  `).map(Number);
  assert.equal(calm, 400_000);
  assert.ok(busy! < 20_000, `${busy} calls`);
  assert.equal(calmAgain, 400_000);
});

test('busy is who has much to do for two looks, and is so until a calm minute is over', () => {
  const effort = { usedMs: 0, nowMs: 0 };
  const compiling = new CompilingWhenBusy(() => ({ ...effort }));
  try {
    const look = (share: number) => {
      effort.nowMs += 1_000;
      effort.usedMs += 1_000 * share;
      return compiling.look();
    };
    const looks = (share: number, count: number) => Array.from({ length: count }, () => look(share));
    assert.deepEqual(
      [look(0.9), look(0.2), look(0.9), look(0.2)],
      [false, false, false, false],
      'a start, a collection',
    );
    assert.deepEqual(looks(0.2, 100), Array(100).fill(false));
    assert.deepEqual([look(0.3), look(0.3)], [false, true]);
    assert.deepEqual(looks(0.06, 200), Array(200).fill(true), 'less of it is still work');
    assert.deepEqual(looks(0.01, 59), Array(59).fill(true));
    assert.equal(look(0.01), false);
  } finally {
    setFlagsFromString('--turbofan');
  }
});

test('a process that really works is busy, by its own processor time, and one that waits is not', async () => {
  const compiling = new CompilingWhenBusy();
  try {
    await pause(300);
    assert.equal(compiling.look(), false);
    await pause(300);
    assert.equal(compiling.look(), false);
    const work = () => {
      for (const until = performance.now() + 100; performance.now() < until; );
    };
    // Two looks do where nothing else runs; a machine that is torn apart may take more.
    let isOn = false;
    for (
      const deadlineMs = performance.now() + 60_000;
      !isOn && performance.now() < deadlineMs;
      isOn = compiling.look()
    )
      work();
    assert.ok(isOn);
  } finally {
    setFlagsFromString('--turbofan');
  }
});
