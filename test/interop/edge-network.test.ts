/** An edge on a machine that others meddle with: flushed rules, a new interface index, new addresses, a clock in 1970. */
import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { buildTwoSites } from './fixtures/edgeWorld.ts';
import { enterOwnNamespace, eventually, ip, skipWithoutRoot } from './ownNamespace.ts';

describe('an edge among others', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('it puts right what others change, and follows what its owner changes', async (context) => {
    const { controller, berlin, london } = await buildTwoSites(context);
    const reports = () => controller.edge(berlin.id).uplinks;
    const endpoints = (label: string) => reports().find(({ id }) => id.endsWith(label))?.endpoints;

    await context.test(
      'flushed rules and routes are back within a second, and the controller hears of it',
      async (inner) => {
        const rules = berlin.ip('rule');
        const routes = berlin.ip('route', 'show', 'table', '51810');
        const at = performance.now();
        berlin.ip('rule', 'flush');
        berlin.ip('rule', 'add', 'priority', '32766', 'lookup', 'main');
        berlin.ip('route', 'flush', 'table', '51810');
        berlin.ip('route', 'flush', 'table', '51800');
        await eventually(
          'they are back',
          () => berlin.ip('rule').includes('51800') && berlin.ip('rule').includes('51811'),
        );
        inner.diagnostic(`back after ${Math.round(performance.now() - at)} ms`);
        await eventually('the routes too', () => berlin.ip('route', 'show', 'table', '51810') === routes);
        for (const rule of rules.split('\n').filter((line) => line.includes('proto 157'))) {
          assert.ok(berlin.ip('rule').includes(rule), rule);
        }
        await eventually('a notice', () =>
          controller.heard(berlin.id, 'notice').some(({ code }) => code === 'KERNEL_REPAIRED'),
        );
        assert.ok(berlin.reaches(london));
      },
    );

    await context.test('an uplink that comes back with a new index is found by its name', async () => {
      const index = () => /^(\d+): ptinternet/m.exec(berlin.ip('link'))?.[1];
      const earlier = index();
      ip('link', 'delete', 'pt1u0');
      await eventually('it is reported down', () =>
        reports().some(({ id, state }) => id.endsWith('internet') && state === 'down'),
      );
      // So that the kernel does not hand out the same number.
      berlin.ip('link', 'add', 'ptother', 'type', 'bridge');
      berlin.buildUplink(0);
      assert.notEqual(index(), earlier);
      await eventually('its routes are back', () =>
        berlin.ip('route', 'show', 'table', '51810').includes('default via 198.18.1.1'),
      );
      await eventually('its tunnels are up again', () => {
        const tunnels = berlin.status()?.tunnels.filter(({ id }) => id.includes('edge1-internet')) ?? [];
        return tunnels.length === 2 && tunnels.every(({ state }) => state === 'up');
      });
    });

    await context.test('a new address and gateway of an uplink are followed and reported', async () => {
      ip('address', 'add', '198.19.101.1/24', 'dev', 'pt1u1');
      berlin.ip('address', 'add', '198.19.101.2/24', 'dev', 'ptlte');
      berlin.ip('route', 'replace', 'default', 'via', '198.19.101.1', 'dev', 'ptlte', 'metric', '101');
      berlin.ip('address', 'delete', '198.19.1.2/24', 'dev', 'ptlte');
      await eventually('it is reported', () => String(endpoints('lte')) === '198.19.101.2:51820');
      assert.match(berlin.ip('route', 'show', 'table', '51811'), /default via 198\.19\.101\.1 dev ptlte/);
      assert.match(berlin.ip('rule'), /5185:\tfrom 198\.19\.101\.2 lookup 51811/);
      await eventually('its tunnels are up again', () => {
        const tunnels = berlin.status()?.tunnels.filter(({ id }) => id.includes('edge1-lte')) ?? [];
        return tunnels.length === 2 && tunnels.every(({ state }) => state === 'up');
      });
    });

    await context.test('a strict reverse-path filter on an uplink is loosened', async () => {
      berlin.run('sysctl', '-qw', 'net.ipv4.conf.ptlte.rp_filter=1');
      await eventually('it is loose', () => berlin.run('sysctl', '-n', 'net.ipv4.conf.ptlte.rp_filter').trim() === '2');
    });

    await context.test('after a boot in 1970 it forwards, and the handshake timestamps still grow', async () => {
      const floorFile = join(berlin.state, 'keys', 'edge1-internet.floor');
      const floor = () => readFileSync(floorFile, 'utf8').trim();
      await berlin.end();
      // What peers saw last lies ahead of any clock here, as it does for a machine that wakes up in the past.
      const ahead = `4${(BigInt(`0x${floor()}`) + (3_600n << 32n)).toString(16).slice(1)}`;
      assert.ok(ahead > floor());
      writeFileSync(floorFile, ahead);
      berlin.output = '';
      berlin.start([], {
        LD_PRELOAD: libfaketime(),
        FAKETIME: '@1970-01-01 00:01:00',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      });
      await eventually('the edge believes in 1970', () => /"time":\d{1,8},/.test(berlin.output));
      await eventually('its tunnels are up', () => {
        const tunnels = berlin.status()?.tunnels.filter(({ id }) => id.includes('edge1-internet')) ?? [];
        return tunnels.length === 2 && tunnels.every(({ state }) => state === 'up');
      });
      await eventually('it forwards', () => berlin.reaches(london));
      await eventually('a later timestamp is kept', () => floor() > ahead);
    });
  });
});

/** Debian keeps it in a folder named after the architecture. */
function libfaketime(): string {
  const found = globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];
  assert.ok(found !== undefined, 'install the Debian package faketime');
  return found;
}
