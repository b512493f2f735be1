/** Our WireGuard against Debian's wireguard-go, and against attackers, over real sockets in namespaces of its own. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { WireguardPeerSettings } from '../../packages/testkit/wireguardPeer.ts';
import { eventually, type KeyPair, keyPair, presharedKey, World } from './fixtures/wireguard.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;

const hosts = { 4: ['192.0.2.1', '192.0.2.2'], 6: ['[2001:db8::1]', '[2001:db8::2]'] } as const;

interface Plan {
  readonly outer?: 4 | 6;
  readonly presharedKey?: string;
  readonly clockScale?: number;
  readonly loadThreshold?: number;
  /** Which end knows where the other is, and so begins. */
  readonly initiator: 'ours' | 'stock' | 'both';
  readonly extraAddresses?: readonly string[];
}

/** wireguard-go as 10.9.0.1 and our peer as 10.9.0.2. */
async function join(context: TestContext, plan: Plan) {
  const world = new World(context);
  const [stock, ours] = [keyPair(), keyPair()];
  const [stockHost, ourHost] = hosts[plan.outer ?? 4];
  const psk = plan.presharedKey;
  await world.wireguardGo(
    [
      `[Interface]\nPrivateKey = ${stock.privateKey}\nListenPort = 51820`,
      stockPeer(ours, psk, plan.initiator === 'ours' ? undefined : `${ourHost}:51820`),
    ].join('\n'),
    plan.extraAddresses,
  );
  const peer = await world.peer({
    privateKey: ours.privateKey,
    listen: `${ourHost}:51820`,
    address: '10.9.0.2',
    clockScale: plan.clockScale ?? 1,
    ...(plan.loadThreshold === undefined ? {} : { loadThreshold: plan.loadThreshold }),
    peer: {
      publicKey: stock.publicKey,
      endpoints: plan.initiator === 'stock' ? [] : [`${stockHost}:51820`],
      allowed: ['10.9.0.1/32'],
      ...(psk === undefined ? {} : { presharedKey: psk }),
    },
  });
  return { world, peer, ours, stock };
}

function stockPeer({ publicKey }: KeyPair, psk: string | undefined, endpoint: string | undefined): string {
  const lines = [`[Peer]\nPublicKey = ${publicKey}\nAllowedIPs = 10.9.0.2/32`];
  if (psk !== undefined) lines.push(`PresharedKey = ${psk}`);
  if (endpoint !== undefined) lines.push(`Endpoint = ${endpoint}`);
  return `${lines.join('\n')}\n`;
}

describe('our WireGuard and wireguard-go', { skip }, () => {
  for (const outer of [4, 6] as const) {
    for (const psk of [undefined, presharedKey()]) {
      const over = `over IPv${outer}${psk === undefined ? '' : ' with a preshared key'}`;

      test(`we initiate ${over}, and pings go both ways`, async (context) => {
        const { world, peer } = await join(context, { outer, initiator: 'ours', ...(psk && { presharedKey: psk }) });
        peer.tell({ do: 'ping', to: '10.9.0.1' });
        await peer.saw('pong');
        assert.deepEqual(
          peer.events.filter(({ event }) => event === 'session'),
          [{ event: 'session', isInitiator: true }],
        );
        assert.equal(await world.ping('10.9.0.2'), 0);
      });

      test(`wireguard-go initiates ${over}, and pings go both ways`, async (context) => {
        const { world, peer } = await join(context, { outer, initiator: 'stock', ...(psk && { presharedKey: psk }) });
        assert.equal(await world.ping('10.9.0.2'), 0);
        assert.deepEqual(
          peer.events.filter(({ event }) => event === 'session'),
          [{ event: 'session', isInitiator: false }],
        );
        peer.tell({ do: 'ping', to: '10.9.0.1' });
        await peer.saw('pong');
      });
    }
  }

  test('another preshared key gives no session', async (context) => {
    const { world, peer, ours } = await join(context, { initiator: 'ours', presharedKey: presharedKey() });
    world.wg('set', `peer ${ours.publicKey} preshared-key ${world.file(presharedKey())}`);
    peer.tell({ do: 'ping', to: '10.9.0.1' });
    await peer.counted('badResponse');
    assert.equal(peer.count('session'), 0);
  });

  test('under load we ask wireguard-go for a cookie, and with it it gets in', async (context) => {
    const { world, peer } = await join(context, { initiator: 'stock', loadThreshold: 0 });
    // Its retry, which carries the cookie, comes after REKEY_TIMEOUT.
    await eventually('a ping to come through', async () =>
      (await world.ping('10.9.0.2', 1)) === 0 ? true : undefined,
    );
    const { counters } = await peer.status();
    assert.equal(counters.cookieRepliesSent, 1);
    assert.equal(counters.responsesSent, 1);
  });

  test('no ping is lost while we rekey several times', async (context) => {
    // 40 times faster: REKEY_AFTER_TIME is 3 s here, while wireguard-go keeps real time.
    const { world, peer } = await join(context, { initiator: 'ours', clockScale: 40 });
    peer.tell({ do: 'ping', to: '10.9.0.1' });
    await peer.saw('pong');
    assert.equal(await world.ping('10.9.0.2', 80), 0);
    const sessions = peer.events.filter(({ event }) => event === 'session');
    assert.ok(sessions.length >= 3, `${sessions.length} sessions`);
  });

  test('no ping is lost when wireguard-go forgets its session and starts another', async (context) => {
    const { world, peer, ours } = await join(context, { initiator: 'stock' });
    for (let round = 1; round <= 3; round++) {
      assert.equal(await world.ping('10.9.0.2', 5), 0);
      assert.equal(peer.count('session'), round);
      world.wg('set', `peer ${ours.publicKey} remove`);
      world.wg('addconf', world.file(stockPeer(ours, undefined, `${hosts[4][1]}:51820`)));
    }
  });

  for (const outer of [4, 6] as const) {
    test(`wireguard-go follows us to another address and port over IPv${outer}`, async (context) => {
      const { world, peer } = await join(context, { outer, initiator: 'both' });
      assert.equal(await world.ping('10.9.0.2'), 0);
      const [address, endpoint] =
        outer === 4 ? ['192.0.2.22/24', '192.0.2.22:40000'] : ['2001:db8::22/64', '[2001:db8::22]:40000'];
      world.address('add', world.ours, address);
      peer.tell({ do: 'move', listen: endpoint });
      peer.tell({ do: 'ping', to: '10.9.0.1' });
      await peer.saw('pong');
      assert.equal(await world.ping('10.9.0.2'), 0);
      assert.ok(world.wg('show', 'endpoints').includes(endpoint));
      assert.equal(peer.count('session'), 1);
    });

    test(`we follow wireguard-go to another address and port over IPv${outer}`, async (context) => {
      const { world, peer } = await join(context, { outer, initiator: 'both' });
      assert.equal(await world.ping('10.9.0.2'), 0);
      const [old, next, endpoint] =
        outer === 4
          ? ['192.0.2.1/24', '192.0.2.11/24', '192.0.2.11:40000']
          : ['2001:db8::1/64', '2001:db8::11/64', '[2001:db8::11]:40000'];
      // In this order: with its first IPv4 address a subnet's other ones would go too.
      world.address('del', world.stock, old);
      world.address('add', world.stock, next);
      // Another port also makes it forget its old source address, which it would keep until the next handshake.
      world.wg('set', 'listen-port 40000');
      assert.equal(await world.ping('10.9.0.2'), 0);
      assert.equal((await peer.status()).endpoint, endpoint);
      peer.tell({ do: 'ping', to: '10.9.0.1' });
      await peer.saw('pong');
      assert.equal(peer.count('session'), 1);
    });
  }

  test('an inner source that wireguard-go may not use is dropped and counted', async (context) => {
    const { world, peer } = await join(context, { initiator: 'both', extraAddresses: ['10.9.0.77/32'] });
    assert.equal(await world.ping('10.9.0.2'), 0);
    const { delivered } = await peer.status();
    assert.equal(await world.ping('10.9.0.2', 2, ['-I', '10.9.0.77', '-W', '1']), 2);
    await peer.counted('disallowedSource', 2);
    assert.equal((await peer.status()).delivered, delivered);
  });
});

describe('what attackers send', { skip }, () => {
  /** A victim in one namespace, and an attacker with a peer's program in the other. */
  async function attack(context: TestContext, isKnown: boolean) {
    const world = new World(context);
    const [victim, known, stranger] = [keyPair(), keyPair(), keyPair()];
    function settings(own: KeyPair, other: KeyPair, host: 0 | 1): WireguardPeerSettings {
      const [here, there] = [hosts[4][host], hosts[4][host === 0 ? 1 : 0]];
      const peer = {
        publicKey: other.publicKey,
        endpoints: [`${there}:51820`],
        allowed: [`10.9.0.${host === 0 ? 2 : 1}/32`],
      };
      return { privateKey: own.privateKey, listen: `${here}:51820`, address: `10.9.0.${host + 1}`, peer };
    }
    const target = await world.peer(settings(victim, known, 1), world.ours);
    const attacker = await world.peer(settings(isKnown ? known : stranger, victim, 0), world.stock);
    return { target, attacker };
  }

  test('a message with a bad mac1 is dropped in silence and counted', async (context) => {
    const { target, attacker } = await attack(context, true);
    attacker.tell({ do: 'ping', to: '10.9.0.2' });
    await attacker.saw('pong');
    const before = await target.status();
    attacker.tell({ do: 'resend', type: 1, flip: 120 });
    await target.counted('badMac1');
    const after = await target.status();
    assert.equal(after.delivered, before.delivered);
    assert.equal(after.counters.responsesSent, before.counters.responsesSent);
    assert.equal(after.counters.cookieRepliesSent, 0);
  });

  test('a stranger with a good mac1 is dropped in silence and counted', async (context) => {
    const { target, attacker } = await attack(context, false);
    attacker.tell({ do: 'ping', to: '10.9.0.2' });
    await target.counted('unknownPeer');
    const { delivered, counters } = await target.status();
    assert.equal(delivered, 0);
    assert.equal(counters.responsesSent, 0);
    assert.equal(attacker.count('session'), 0);
  });

  test('a packet that is sent twice is delivered once, and counted', async (context) => {
    const { target, attacker } = await attack(context, true);
    attacker.tell({ do: 'ping', to: '10.9.0.2' });
    await attacker.saw('pong');
    attacker.tell({ do: 'resend', type: 4 });
    await target.counted('replayedCounter');
    attacker.tell({ do: 'resend', type: 4, flip: 30 });
    attacker.tell({ do: 'resend', type: 1 });
    await target.counted('replayedInitiation');
    assert.equal((await target.status()).delivered, 1);
  });

  test('an inner source outside of what the peer may use is not delivered, and counted', async (context) => {
    const { target, attacker } = await attack(context, true);
    attacker.tell({ do: 'ping', to: '10.9.0.2' });
    await attacker.saw('pong');
    attacker.tell({ do: 'ping', to: '10.9.0.2', from: '10.9.0.3' });
    await target.counted('disallowedSource');
    assert.equal((await target.status()).delivered, 1);
  });
});
