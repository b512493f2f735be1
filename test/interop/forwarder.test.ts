/** Two forwarders against each other and against stock WireGuard, over real TUNs and sockets in namespaces of their own. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { joinStockPeer } from './fixtures/stockPeer.ts';
import { eventually, PingStream, TwoSites, tunnelTo } from './fixtures/twoSites.ts';
import { keyPair, presharedKey } from './fixtures/wireguard.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;

describe('two forwarders', { skip }, () => {
  test('packets pass between the sites, small and as large as the MTU', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(100);
    assert.equal((await ping.stop()).lost, 0);
    world.left.run('ping', '-n', '-c', '3', '-i', '0.1', '-M', 'do', '-s', '1352', world.right.address);
    const { tunnels } = await world.left.telemetry();
    assert.deepEqual(
      tunnels.map(({ id, active, state }) => ({ id, active, state })),
      [
        { id: 'tunnel-one', active: true, state: 'up' },
        { id: 'tunnel-two', active: false, state: 'up' },
      ],
    );
    assert.ok(
      tunnels.every(({ roundTripUs, minRoundTripUs }) => roundTripUs! >= minRoundTripUs! && minRoundTripUs! > 0),
    );
  });

  test('one pair of uplinks has a tunnel over each family, and both carry IPv6', async (context) => {
    const world = new TwoSites(context);
    await world.start();
    for (const [site, other] of [
      [world.left, world.right],
      [world.right, world.left],
    ] as const) {
      const prefix = (of: typeof site) => ({ segment: 0, prefix: `fd00:${of.number}::/32` });
      site.ip('addr', 'add', `fd00:${site.number}::1/128`, 'dev', 'lo', 'nodad');
      site.ip('route', 'add', prefix(other).prefix, 'dev', 'pttun', 'src', `fd00:${site.number}::1`);
      site.tell(
        site.configure(other, {
          local: [prefix(site)],
          tunnels: [tunnelTo(other, 'one'), tunnelTo(other, 'one', 6)],
          edges: site.configure(other).edges.map((edge) => ({ ...edge, allowed: [prefix(other)] })),
          routes: [{ ...prefix(other), nextHops: [other.edgeId] }],
        }),
      );
    }
    await Promise.all([world.left.tunnelsUp(2), world.right.tunnelsUp(2)]);
    for (const [generation, id] of ['tunnel-one', 'tunnel-one-6'].entries()) {
      for (const site of [world.left, world.right]) {
        const groups = ['edge1', 'edge2'].map((edgeId) => ({ edgeId, tunnelIds: [id] }));
        site.tell({ type: 'groups', generation, groups });
      }
      const before = (await world.left.telemetry()).tunnels.find((tunnel) => tunnel.id === id);
      world.left.run('ping', '-n', '-6', '-c', '3', '-i', '0.1', '-W', '2', '-s', '1332', '-M', 'do', 'fd00:2::1');
      const after = (await world.left.telemetry()).tunnels.find((tunnel) => tunnel.id === id);
      // Inner packets alone: no probe, no header, no padding.
      assert.equal(after!.sentBytes - before!.sentBytes, 3 * 1380, id);
    }
  });

  test('when an uplink goes silent, traffic moves to the other within 3 s, and back when it answers again', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(20);
    const before = ping.latest;
    world.cut('one');
    await eventually('both ends to switch', () =>
      [world.left, world.right].every((site) => site.all('switched').at(-1)?.tunnelId === 'tunnel-two')
        ? true
        : undefined,
    );
    await ping.passes(ping.latest + 20);
    const gap = ping.longestSilence(before);
    assert.ok(gap < 3_000, `nothing passed for ${gap} ms`);
    const down = world.left.all('tunnelState').find(({ state }) => state === 'down');
    assert.match(down?.reason ?? '', /no BFD packet for 9\d\d ms/);
    world.restore('one');
    await eventually('both ends to switch back', () =>
      [world.left, world.right].every((site) => site.all('switched').at(-1)?.tunnelId === 'tunnel-one')
        ? true
        : undefined,
    );
    const { sent, lost } = await ping.stop();
    context.diagnostic(`cut: silent for ${gap} ms; ${lost} of ${sent} packets lost`);
  });

  test('a forwarder that was held up takes in what has arrived before it judges anybody silent', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const pid = await world.right.pid();
    process.kill(pid, 'SIGSTOP');
    await eventually('the left end to miss the right one', () =>
      world.left.all('tunnelState').some(({ reason }) => reason.startsWith('no BFD packet')) ? true : undefined,
    );
    process.kill(pid, 'SIGCONT');
    await eventually('the right end to be told', () =>
      world.right.all('tunnelState').some(({ state }) => state === 'down') ? true : undefined,
    );
    const downs = world.right.all('tunnelState').filter(({ state }) => state === 'down');
    for (const { reason } of downs) assert.match(reason, /^the other end says down: control detection time expired/);
    await eventually('both tunnels to be up again', async () =>
      (await world.right.telemetry()).tunnels.every(({ state }) => state === 'up') ? true : undefined,
    );
  });

  test('after kill -9 of a forwarder its successor passes packets within a second', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    await world.right.successor();
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(20);
    const before = ping.latest;
    process.kill(await world.right.pid(), 'SIGKILL');
    await world.right.saw('exit');
    await ping.passes(ping.latest + 50);
    const gap = ping.longestSilence(before);
    context.diagnostic(`kill -9: silent for ${gap} ms`);
    assert.ok(gap < 1_000, `nothing passed for ${gap} ms`);
  });

  test('a forwarder whose owner is killed ends, and so does one that is told to stop', async (context) => {
    const world = new TwoSites(context);
    await world.start();
    const [orphan, stopped] = [await world.left.pid(), await world.right.pid()];
    world.left.kill();
    await eventually('the orphan to end', () => (isRunning(orphan) ? undefined : true));
    world.right.stop();
    await eventually('the other to end', () => (isRunning(stopped) ? undefined : true));
    assert.equal((await world.right.saw('exit')).code, 0);
  });

  test('a forwarder that hangs is replaced', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    process.kill(await world.right.pid(), 'SIGSTOP');
    await eventually('the hung one to be ended', () => {
      world.right.tell({ type: 'report' });
      return world.right.all('exit').at(-1)?.signal === 'SIGKILL' ? true : undefined;
    });
    await world.right.saw('ready', 1);
    await world.right.tunnelsUp(2);
  });

  test('a configuration that adds a tunnel and an uplink key loses none of 100 packets a second', async (context) => {
    const world = new TwoSites(context);
    const only = (site: 'left' | 'right', other: 'left' | 'right') => ({
      tunnels: [tunnelTo(world[other], 'one')],
      site,
    });
    await world.start();
    world.left.tell(world.left.configure(world.right, { tunnels: only('left', 'right').tunnels }));
    world.right.tell(world.right.configure(world.left, { tunnels: only('right', 'left').tunnels }));
    await Promise.all([world.left.tunnelsUp(1), world.right.tunnelsUp(1)]);
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(50);
    for (const serial of [2, 3, 4]) {
      world.left.tell(world.left.configure(world.right, { serial }));
      world.right.tell(world.right.configure(world.left, { serial }));
      await ping.passes(ping.latest + 50);
    }
    await Promise.all([world.left.tunnelsUp(2), world.right.tunnelsUp(2)]);
    await ping.passes(ping.latest + 50);
    assert.equal((await ping.stop()).lost, 0);
    assert.equal((await world.left.telemetry()).counters.sessions, 2);
  });

  test('packets from addresses that are not the site’s never arrive, whichever end lets them through', async (context) => {
    const world = new TwoSites(context);
    // The left end believes that 10.9.0.0/16 is its own; the right end knows better.
    const local = [
      { segment: 0, prefix: '10.1.0.0/16' },
      { segment: 0, prefix: '10.9.0.0/16' },
    ];
    await world.connect({ left: { local } });
    world.left.ip('addr', 'add', '10.9.0.1/32', 'dev', 'lo');
    world.left.ip('addr', 'add', '10.8.0.1/32', 'dev', 'lo');
    world.right.ip('route', 'add', '10.8.0.0/15', 'dev', 'pttun');
    const pingFrom = (source: string) =>
      assert.throws(() =>
        world.left.run('ping', '-n', '-c', '2', '-i', '0.1', '-W', '0.3', '-I', source, world.right.address),
      );
    const before = receivedByTun(world.right);
    pingFrom('10.9.0.1');
    await world.right.counted('badSource', 2);
    pingFrom('10.8.0.1');
    await world.left.counted('notOurs', 2);
    assert.equal(receivedByTun(world.right), before);
  });

  test('a packet for a tunnel’s own liveness port does not pass from a LAN', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const before = receivedByTun(world.right);
    world.left.run('bash', '-c', `echo forged > /dev/udp/${world.right.address}/3784`);
    await world.left.counted('bfdFromLan');
    assert.equal(receivedByTun(world.right), before);
  });

  test('a stock WireGuard peer with a preshared key reaches both sites’ LANs and is reached from them', async (context) => {
    const world = new TwoSites(context);
    const [stock, psk] = [keyPair(), presharedKey()];
    const allowed = [{ segment: 0, prefix: '10.99.0.1/32' }];
    const peer = { id: 'laptop', uplinkId: 'one', publicKey: stock.publicKey, presharedKey: psk, allowed };
    const left = world.left.configure(world.right);
    const right = world.right.configure(world.left);
    await world.connect({
      left: { peers: [peer], routes: [...left.routes, { ...allowed[0]!, nextHops: [], peerId: 'laptop' }] },
      right: {
        edges: [{ ...right.edges[0]!, allowed: [...right.edges[0]!.allowed, ...allowed] }],
        routes: [...right.routes, { ...allowed[0]!, nextHops: ['edge1'] }],
      },
    });
    world.right.ip('route', 'add', '10.99.0.0/24', 'dev', 'pttun', 'src', world.right.address);
    world.left.ip('route', 'add', '10.99.0.0/24', 'dev', 'pttun', 'src', world.left.address);
    const host = await joinStockPeer(context, world.left, { stock, presharedKey: psk, address: '10.99.0.1' });
    for (const site of [world.left, world.right]) {
      host.run('ping', '-n', '-c', '3', '-i', '0.1', '-W', '2', site.address);
      site.run('ping', '-n', '-c', '3', '-i', '0.1', '-W', '2', '10.99.0.1');
    }
    const { peers } = await world.left.telemetry();
    assert.ok(peers[0]!.receivedBytes > 0 && peers[0]!.sentBytes > 0 && peers[0]!.lastHandshakeMs !== null);
    // It may not speak for anyone else.
    host.ip('addr', 'add', '10.99.0.2/32', 'dev', host.tunnel);
    assert.throws(() =>
      host.run('ping', '-n', '-c', '2', '-i', '0.1', '-W', '0.3', '-I', '10.99.0.2', world.left.address),
    );
    await world.left.counted('badSource', 2);
  });

  test('an uplink that gets another address loses a second at most, and needs no new handshake', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(20);
    const shaken = async () => (await world.left.telemetry()).tunnels.map(({ lastHandshakeMs }) => lastHandshakeMs);
    const handshakes = await shaken();
    const before = ping.latest;
    world.left.ip('address', 'delete', `${world.left.outer('one')}/24`, 'dev', 'ptone');
    world.left.ip('address', 'add', '192.0.2.101/24', 'dev', 'ptone');
    await ping.passes(ping.latest + 100);
    await eventually('the other end to follow', async () =>
      (await world.right.telemetry()).tunnels.some(({ remoteEndpoint }) => remoteEndpoint === '192.0.2.101:51820')
        ? true
        : undefined,
    );
    const gap = ping.longestSilence(before);
    assert.ok(gap < 1_000, `nothing passed for ${gap} ms`);
    assert.deepEqual(await shaken(), handshakes);
    const { sent, lost } = await ping.stop();
    context.diagnostic(`new address: silent for ${gap} ms; ${lost} of ${sent} packets lost`);
  });

  test('an uplink’s socket can be replaced while packets flow, and its sessions stay', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const ping = new PingStream(context, world.left, world.right.address);
    await ping.passes(20);
    world.left.tell({ type: 'reopen', uplinkId: 'one' });
    await world.left.saw('reopened');
    await ping.passes(ping.latest + 50);
    assert.equal((await world.left.telemetry()).counters.sessions, 2);
    // One packet may lie in the socket that is closed.
    assert.ok((await ping.stop()).lost <= 1);
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Packets that came out of the TUN into the site. */
function receivedByTun(site: { ip(...args: string[]): string }): number {
  const [{ stats64 }] = JSON.parse(site.ip('-j', '-s', 'link', 'show', 'pttun'));
  return stats64.rx.packets;
}
