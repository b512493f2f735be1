import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Pulse } from './pulse.ts';

/** Timers and clock of the process, moved by hand. */
function fakeTime(context: TestContext) {
  let nowMs = 0;
  context.mock.timers.enable({ apis: ['setTimeout'] });
  context.mock.method(performance, 'now', () => nowMs);
  return (forMs: number) => {
    for (let passed = 0; passed < forMs; passed += 10) {
      nowMs += 10;
      context.mock.timers.tick(10);
    }
  };
}

test('tasks of one interval that began apart come together in one turn', (context) => {
  const pass = fakeTime(context);
  const turns: string[] = [];
  const pulse = new Pulse((error) => assert.ifError(error));
  pulse.every('ping', 1_000, () => turns.push(`ping ${performance.now()}`));
  pass(50);
  pulse.every('report', 1_000, () => turns.push(`report ${performance.now()}`));
  pass(2_100);
  assert.deepEqual(turns, ['ping 1000', 'report 1000', 'ping 2000', 'report 2000']);
  pulse.stop();
});

test('a new interval takes the place of the old one, and the same again changes nothing', (context) => {
  const pass = fakeTime(context);
  const turns: number[] = [];
  const pulse = new Pulse((error) => assert.ifError(error));
  const report = () => void turns.push(performance.now());
  pulse.every('report', 1_000, report);
  pass(900);
  pulse.every('report', 1_000, report);
  pass(100);
  pulse.every('report', 500, report);
  pass(1_000);
  assert.deepEqual(turns, [1_000, 1_500, 2_000]);
  pulse.stop();
  pass(1_000);
  assert.equal(turns.length, 3);
});

test('a task that fails is told of, and it and the others go on', (context) => {
  const pass = fakeTime(context);
  const failures: unknown[] = [];
  let done = 0;
  const pulse = new Pulse((error) => failures.push(error));
  pulse.every('bad', 100, () => assert.fail('no'));
  pulse.every('good', 100, () => {
    done += 1;
  });
  pass(300);
  assert.deepEqual([failures.length, done], [3, 3]);
  pulse.stop();
});
