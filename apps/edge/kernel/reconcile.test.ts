import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix } from '@patronus/net';
import { configurationOf } from '../configuration/fixtures.ts';
import type { Desired } from './desired.ts';
import type { Difference } from './difference.ts';
import type { Kernel } from './kernel.ts';
import { fullIntervalMs, Reconciler } from './reconcile.ts';

/** Tables and rules in memory, without any interface. */
class FakeKernel implements Kernel {
  held: Desired = { routes: [], rules: [], proxies: [] };
  hasNews = false;
  refuses = false;
  reads = 0;
  readonly links: Kernel['links'] = { list: () => [], find: () => undefined, set: () => undefined };
  readonly addresses: Kernel['addresses'] = { list: () => [], add: () => undefined, remove: () => false };

  view() {
    this.reads += 1;
    return { links: [], addresses: [], mainRoutes: [] };
  }
  present(): Desired {
    return this.held;
  }
  apply({ setRoutes, addRules, removeRules, removeRoutes }: Difference): string[] {
    if (this.refuses) return ['not today'];
    const routes = [...this.held.routes.filter((route) => !removeRoutes.includes(route)), ...setRoutes];
    this.held = {
      ...this.held,
      routes,
      rules: [...this.held.rules.filter((rule) => !removeRules.includes(rule)), ...addRules],
    };
    return [];
  }
  hasChanged(): boolean {
    const hadNews = this.hasNews;
    this.hasNews = false;
    return hadNews;
  }
  close(): void {}
}

function setUp() {
  const kernel = new FakeKernel();
  const reconciler = new Reconciler(kernel);
  reconciler.desire(configurationOf(1), { internet: 0 }, 9);
  return { kernel, reconciler };
}

test('our own changes are no repair, another program’s are', () => {
  const { kernel, reconciler } = setUp();
  assert.equal(reconciler.reconcile(0)?.repaired, undefined);
  const complete = kernel.held;
  assert.ok(complete.rules.length > 0);
  kernel.held = { ...complete, routes: complete.routes.slice(1), rules: [] };
  kernel.hasNews = true;
  const repaired = reconciler.watch(1_000)?.repaired;
  assert.equal(repaired?.addRules.length, complete.rules.length);
  assert.deepEqual(
    repaired?.setRoutes.map(({ prefix }) => formatPrefix(prefix)),
    ['10.1.0.0/16'],
  );
  assert.equal(kernel.held.rules.length, complete.rules.length);
});

test('without news it looks only now and then', () => {
  const { kernel, reconciler } = setUp();
  reconciler.reconcile(0);
  for (let nowMs = 200; nowMs < fullIntervalMs; nowMs += 200) assert.equal(reconciler.watch(nowMs), undefined);
  assert.equal(kernel.reads, 1);
  assert.notEqual(reconciler.watch(fullIntervalMs), undefined);
});

test('it asks to look soon after a change, and seldom without one', () => {
  const { reconciler } = setUp();
  reconciler.reconcile(0);
  assert.ok(reconciler.nextInMs(5_000, true) <= 100);
  assert.equal(reconciler.nextInMs(5_000, false), fullIntervalMs - 5_000);
});

test('what the kernel refused is tried again, and told each time', () => {
  const { kernel, reconciler } = setUp();
  kernel.refuses = true;
  assert.deepEqual(reconciler.reconcile(0)?.complaints, ['not today']);
  kernel.refuses = false;
  const second = reconciler.reconcile(200);
  assert.deepEqual([second?.complaints, second?.repaired], [[], undefined]);
  assert.ok(kernel.held.routes.length > 0);
});

test('leaving takes out all but what fails closed', () => {
  const { kernel, reconciler } = setUp();
  reconciler.reconcile(0);
  reconciler.leave(configurationOf(1), 1);
  assert.deepEqual([...new Set(kernel.held.routes.map(({ type }) => type))].sort(), ['throw', 'unreachable']);
  assert.deepEqual(
    kernel.held.rules.map(({ priority }) => priority),
    [5_180, 5_180],
  );
});
