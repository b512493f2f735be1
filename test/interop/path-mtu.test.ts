/** Paths that carry less than they should, and say nothing about it: fault row 10 of docs/hardening.md. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { eventually, PingStream, type Site, TwoSites, type UplinkName } from './fixtures/twoSites.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;
const MTU = 1_420;
/** IPv4, UDP, transport header and tag. */
const OUTER = 60;

/** From now on the uplink swallows packets of more than `inner` bytes inside, both ways, without a word. */
function swallow(world: TwoSites, uplink: UplinkName, inner: number): void {
  const chain = `chain c { type filter hook ingress device "pt${uplink}" priority 0; meta length > ${inner + OUTER} drop; }`;
  // A large datagram that the wire would cut must not pass for a large packet, and no small one that was sent along
  // with it may go with it: neither end filters before both send their datagrams one by one.
  const ends = [world.left, world.right];
  for (const site of ends) site.run('ethtool', '-K', `pt${uplink}`, 'tx-udp-segmentation', 'off');
  for (const site of ends) site.run('nft', `table netdev ptmtu${uplink} { ${chain}; }`);
}

async function wide(world: TwoSites, width: Readonly<Record<UplinkName, number>> = { one: MTU, two: MTU }) {
  for (const site of [world.left, world.right]) {
    for (const uplink of ['one', 'two'] as const) await mtuOf(site, uplink, (mtu) => mtu === width[uplink]);
  }
}

async function mtuOf(site: Site, uplink: UplinkName, isRight: (mtu: number) => boolean): Promise<number> {
  return eventually(`the MTU of tunnel-${uplink}`, async () => {
    const { tunnels } = await site.telemetry();
    const mtu = tunnels.find(({ id }) => id === `tunnel-${uplink}`)!.mtu;
    return isRight(mtu) ? mtu : undefined;
  });
}

async function connected(context: TestContext): Promise<TwoSites> {
  const world = new TwoSites(context);
  await world.connect({ left: { mtu: MTU }, right: { mtu: MTU } });
  for (const site of [world.left, world.right]) site.ip('link', 'set', 'pttun', 'mtu', `${MTU}`);
  return world;
}

/** Sends so much over TCP from left to right; the MSS that the connection agreed on. */
async function transfer(world: TwoSites, amount: string): Promise<number> {
  const server = spawn('ip', ['netns', 'exec', world.right.namespace, 'iperf3', '-s', '-1'], { stdio: 'ignore' });
  const ended = once(server, 'close');
  await eventually('iperf3 to listen', () =>
    world.right.run('ss', '-Hltn', 'sport = :5201').trim() === '' ? undefined : true,
  );
  try {
    const report = JSON.parse(world.left.run('iperf3', '-c', world.right.address, '-n', amount, '-J'));
    return report.start.tcp_mss_default;
  } finally {
    server.kill();
    await ended;
  }
}

describe('path MTU', { skip }, () => {
  test('a path that carries all that is configured is used to the full', async (context) => {
    const world = await connected(context);
    await wide(world);
    world.left.run(
      'ping',
      '-n',
      '-c',
      '2',
      '-i',
      '0.1',
      '-W',
      '2',
      '-M',
      'do',
      '-s',
      `${MTU - 28}`,
      world.right.address,
    );
  });

  test('a black hole is found within 5 s without ICMP, MSS is clamped, and 100 MB arrive', async (context) => {
    const world = await connected(context);
    await wide(world);
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(10);
    const large = spawn('ip', [
      ...['netns', 'exec', world.left.namespace, 'ping', '-q', '-n', '-i', '0.05', '-M', 'dont'],
      ...['-s', `${MTU - 28}`, world.right.address],
    ]);
    context.after(() => void large.kill('SIGKILL'));
    const start = performance.now();
    swallow(world, 'one', 1_360);
    const found = await mtuOf(world.left, 'one', (mtu) => mtu <= 1_360 && mtu > 1_350);
    const seconds = (performance.now() - start) / 1_000;
    context.diagnostic(`found ${found} of 1360 after ${seconds.toFixed(1)} s`);
    assert.ok(seconds < 5, `${seconds} s`);
    large.kill('SIGKILL');
    const mss = await transfer(world, '100M');
    assert.ok(mss <= found - 40, `MSS ${mss} over a path of ${found}`);
    assert.equal((await ping.stop()).lost, 0, 'small packets never noticed');
  });

  test('what is too large is answered with the path’s MTU, and fragmented where its sender allows that', async (context) => {
    const world = await connected(context);
    await wide(world);
    swallow(world, 'one', 1_300);
    swallow(world, 'two', 1_340);
    const load = spawn('ip', [
      ...['netns', 'exec', world.left.namespace, 'ping', '-q', '-n', '-i', '0.05', '-M', 'dont'],
      ...['-s', `${MTU - 28}`, world.right.address],
    ]);
    context.after(() => void load.kill('SIGKILL'));
    const one = await mtuOf(world.left, 'one', (mtu) => mtu <= 1_300);
    assert.throws(
      () => world.left.run('ping', '-n', '-c', '1', '-W', '1', '-M', 'do', '-s', `${MTU - 28}`, world.right.address),
      (error: Error & { stdout: string }) => {
        assert.match(`${error.stdout}`, new RegExp(`mtu ?= ?${one}\\b`));
        return true;
      },
    );
    await mtuOf(world.right, 'one', (mtu) => mtu <= 1_300 || mtu === MTU);
    await eventually('fragments to pass', () => passes(world, '-M', 'dont', '-s', '4000'));
  });

  test('after a switch to a smaller path what is too large is answered again, over IPv6 too', async (context) => {
    const world = await connected(context);
    for (const [site, other] of [
      [world.left, world.right],
      [world.right, world.left],
    ] as const) {
      site.ip('addr', 'add', `fd00:${site.number}::1/128`, 'dev', 'lo', 'nodad');
      site.ip('route', 'add', `fd00:${other.number}::/32`, 'dev', 'pttun', 'src', `fd00:${site.number}::1`);
      const plan = site.configure(other, { mtu: MTU, serial: 2 });
      const prefix = (of: Site) => ({ segment: 0, prefix: `fd00:${of.number}::/32` });
      site.tell({
        ...plan,
        local: [...plan.local, prefix(site)],
        edges: [{ ...plan.edges[0]!, allowed: [...plan.edges[0]!.allowed, prefix(other)] }],
        routes: [...plan.routes, { ...prefix(other), nextHops: [other.edgeId] }],
      });
    }
    await wide(world);
    const ping6 = (size: number) =>
      world.left.run('ping', '-n', '-6', '-c', '1', '-W', '1', '-M', 'do', '-s', `${size}`, 'fd00:2::1');
    ping6(MTU - 48);
    swallow(world, 'two', 1_320);
    for (const site of [world.left, world.right]) {
      const groups = ['edge1', 'edge2'].map((edgeId) => ({ edgeId, tunnelIds: ['tunnel-two'] }));
      site.tell({ type: 'groups', generation: 2, groups });
    }
    const load = spawn('ip', [
      ...['netns', 'exec', world.left.namespace, 'ping', '-q', '-n', '-i', '0.05', '-M', 'dont'],
      ...['-s', `${MTU - 28}`, world.right.address],
    ]);
    context.after(() => void load.kill('SIGKILL'));
    const two = await mtuOf(world.left, 'two', (mtu) => mtu <= 1_320);
    assert.throws(
      () => ping6(MTU - 48),
      (error: Error & { stdout: string }) => {
        assert.match(`${error.stdout}`, new RegExp(`mtu ?= ?${two}\\b`));
        return true;
      },
    );
  });
});

function passes(world: TwoSites, ...args: string[]): true | undefined {
  try {
    world.left.run('ping', '-n', '-c', '1', '-W', '0.5', ...args, world.right.address);
    return true;
  } catch {
    return undefined;
  }
}
