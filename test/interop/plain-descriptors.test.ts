/** A forwarder whose kernel refuses it every offload, or a single one, against one that has them all. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, type TestContext, test } from 'node:test';
import { eventually, type Site, TwoSites } from './fixtures/twoSites.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;

/** 20 MB over TCP; what iperf3 counted as come in before it ended, which may lack the last of it. */
async function carry(from: Site, to: Site): Promise<number> {
  const server = spawn('ip', ['netns', 'exec', to.namespace, 'iperf3', '-s', '-1'], { stdio: 'ignore' });
  const ended = once(server, 'close');
  await eventually('iperf3 to listen', () => (to.run('ss', '-Hltn', 'sport = 5201') === '' ? undefined : true));
  const report = JSON.parse(from.run('iperf3', '-c', to.address, '-n', '20M', '-J'));
  await ended;
  return report.end.sum_received.bytes;
}

/** 1 MB in datagrams of 1,200 bytes, so slowly that a busy machine keeps up; how many of 100 arrived. */
async function carryDatagrams(from: Site, to: Site): Promise<number> {
  const server = spawn('ip', ['netns', 'exec', to.namespace, 'iperf3', '-s', '-1'], { stdio: 'ignore' });
  const ended = once(server, 'close');
  await eventually('iperf3 to listen', () => (to.run('ss', '-Hltn', 'sport = 5201') === '' ? undefined : true));
  const report = JSON.parse(from.run('iperf3', '-c', to.address, '-u', '-l', '1200', '-b', '20M', '-n', '1M', '-J'));
  await ended;
  return 100 - report.end.sum.lost_percent;
}

function capabilities(site: Site): Readonly<Record<string, string>> {
  return [...site.all('ready'), ...site.all('capabilities')].sort((a, b) => a.heardAt - b.heardAt).at(-1)!.capabilities;
}

type Change = Partial<Pick<Site, 'isPlain' | 'refusals'>>;

async function connected(context: TestContext, left: Change, right: Change = {}): Promise<TwoSites> {
  const world = new TwoSites(context);
  Object.assign(world.left, left);
  Object.assign(world.right, right);
  await world.connect();
  return world;
}

describe('a forwarder without offloads', { skip }, () => {
  test('carries traffic both ways all the same, and says what it was refused', async (context) => {
    const { left, right } = await connected(context, { isPlain: true });
    assert.ok((await carry(left, right)) >= 10_000_000);
    assert.ok((await carry(right, left)) >= 10_000_000);
    assert.equal(capabilities(left).tun, 'none');
    assert.equal(capabilities(left).udpSend, 'batch', 'the kernel refused UDP_SEGMENT, and it was noticed');
    assert.equal(capabilities(right).udpSend, 'segment');
    assert.match(capabilities(right).tun!, /tso4/);
  });

  test('does without UDP_GRO alone, or without USO alone, where the kernel refuses just that', async (context) => {
    const { left, right } = await connected(context, { refusals: ['udpGro'] }, { refusals: ['uso'] });
    for (const [from, to] of [
      [left, right],
      [right, left],
    ] as const) {
      assert.ok((await carry(from, to)) >= 10_000_000);
      const arrived = await carryDatagrams(from, to);
      assert.ok(arrived >= 90, `${arrived} % of the datagrams arrived`);
    }
    const { tun, udpReceive, udpSend } = capabilities(left);
    assert.deepEqual([tun, udpSend, udpReceive], ['tso4 tso6 uso4 uso6', 'segment', 'batch']);
    const others = capabilities(right);
    assert.deepEqual([others.tun, others.udpSend, others.udpReceive], ['tso4 tso6', 'segment', 'gro']);
  });
});
