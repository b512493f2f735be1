/**
 * The whole of it on the real kernel: three sites with their edges and a controller, a stock WireGuard peer, and the
 * faults that a network has to live through. Needs root.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { needsRoot, run, TestLab, until } from './labFixture.ts';

const lab = new TestLab('fabric');
const london = '10.2.0.10';

interface ProcessStatus {
  readonly name: string;
  readonly pid: number | null;
  readonly restarts: number;
}

describe('the fabric', { skip: needsRoot }, () => {
  before(() => lab.up());
  after(() => lab.gone());

  test('all tunnels come up, traffic survives a cut, and nothing is lost after the first 3 s', async () => {
    const result = JSON.parse(await lab.lab('check', ['--json'], 120_000)) as Record<string, number | boolean>;
    assert.equal(result.ok, true, JSON.stringify(result));
    assert.equal(result.tunnelsUp, 12);
    assert.equal(result.tunnels, 12);
    assert.equal(result.lostAfterCut, 0);
    assert.ok(Number(result.sent) > 1_000);
  });

  test('hosts reach each other over IPv6 as well', async () => {
    await until(() => lab.reaches('berlin', 'fd00:2::10'), 10_000, 'an IPv6 echo from berlin to london');
  });

  test('the path of a packet never shows on the wire: only WireGuard leaves a gateway', async () => {
    const capture = spawnIn('ptfabric-core', ['tcpdump', '-n', '-i', 'any', '-c', '1', 'icmp', 'and', 'host', london]);
    try {
      for (let echo = 0; echo < 10; echo++) assert.ok(await lab.reaches('berlin', london));
      assert.equal(capture.exitCode, null, 'an inner packet was seen in the clear');
    } finally {
      capture.kill('SIGKILL');
    }
  });

  for (const [where, address] of [
    ['that no site holds', '10.201.0.5/32'],
    ['out of the LAN itself', '10.1.0.200/32'],
  ] as const) {
    test(`a stock WireGuard peer with an address ${where} reaches the LAN of its site, and no longer once it is removed`, async () => {
      const phone = await stockPeer('phone', address);
      try {
        await until(() => phone.reaches('10.1.0.10'), 20_000, 'the phone to reach the LAN of berlin');
        await lab.must(['peer', 'remove', 'berlin', 'phone']);
        await until(async () => !(await phone.reaches('10.1.0.10')), 20_000, 'the phone to be cut off');
      } finally {
        await phone.end();
      }
    });
  }

  test('a forwarder that is killed is replaced, and its hosts reach each other again', async () => {
    const edge = await edgeOf('berlin');
    const forwarder = await childOf(edge, 'forwarder');
    const killedAt = Date.now();
    process.kill(forwarder, 'SIGKILL');
    await until(() => lab.reaches('berlin', london), 10_000, 'berlin to reach london');
    const tookMs = Date.now() - killedAt;
    assert.notEqual(await childOf(edge, 'forwarder'), forwarder);
    assert.ok(tookMs < 5_000, `${tookMs} ms`);
  });

  test('while an edge is down nothing for another site leaves in the clear, and it forwards again by itself', async () => {
    const capture = spawnIn('ptfabric-core', ['tcpdump', '-n', '-i', 'any', '-c', '1', 'icmp', 'and', 'host', london]);
    try {
      const edge = await edgeOf('berlin');
      process.kill(edge, 'SIGKILL');
      await until(() => lab.reaches('berlin', london), 15_000, 'berlin to reach london');
      assert.notEqual(await edgeOf('berlin'), edge);
      assert.equal(capture.exitCode, null, 'an inner packet was seen in the clear');
    } finally {
      capture.kill('SIGKILL');
    }
  });

  test('without the controller sites talk on, fail over, and an edge restarts into forwarding', async () => {
    const controller = (await processes()).find((one) => one.name === 'controller')?.pid as number;
    process.kill(controller, 'SIGSTOP');
    try {
      assert.ok(await lab.reaches('berlin', london));
      await lab.lab('cut', ['berlin', 'internet']);
      await until(() => lab.reaches('berlin', london), 10_000, 'the other uplink to carry the traffic');
      await lab.lab('restore', ['berlin', 'internet']);
      process.kill(await edgeOf('berlin'), 'SIGKILL');
      await until(() => lab.reaches('berlin', london), 15_000, 'the edge to forward from its disk');
    } finally {
      process.kill(controller, 'SIGCONT');
    }
    await lab.tunnelsUp(12, 60_000);
  });

  test('a router that does not answer is told of by its gateway, and is an alarm until it is taken out again', async () => {
    await lab.must(['bgp', 'allow', 'add', 'berlin', '172.16.0.0/16-24']);
    const router = ['10.1.0.99', '--as', '65001', '--interface', 'ptlan', '--import', 'all', '--export', 'all'];
    await lab.must(['bgp', 'neighbor', 'add', 'berlin', ...router]);
    const alarms = async () => {
      const status = JSON.parse(await lab.must(['status', '--json'])) as {
        alarms: readonly { code: string; message: string }[];
      };
      return status.alarms.filter(({ code }) => code.startsWith('BGP_'));
    };
    const isTold = async () => (await alarms()).find(({ code }) => code === 'BGP_NEIGHBOUR_DOWN');
    await until(async () => (await isTold()) !== undefined, 60_000, 'the router to be an alarm');
    assert.match((await isTold())!.message, /BGP of berlin with .*10\.1\.0\.99.* is (connect|active|idle|openSent)/);
    const listed = JSON.parse(await lab.must(['bgp', 'neighbor', 'list', '--json'])) as readonly { session: object }[];
    assert.ok(listed[0]?.session !== null, 'its session is told');
    await lab.must(['bgp', 'neighbor', 'remove', 'berlin', '10.1.0.99']);
    // Gateways speak with each other now, so that nothing else is left to tell either.
    await until(async () => (await alarms()).length === 0, 60_000, 'all alarms of BGP to end');
    const sessions = JSON.parse(await lab.must(['bgp', 'fabric', 'sessions', '--json'])) as readonly {
      session: { state: string };
    }[];
    assert.deepEqual(
      sessions.map(({ session }) => session.state),
      Array.from({ length: 6 }, () => 'ESTABLISHED'),
    );
    await lab.must(['bgp', 'allow', 'remove', 'berlin', '172.16.0.0/16-24']);
  });

  test('a site that is removed is no longer reached, and its edge is no longer trusted', async () => {
    await lab.must(['site', 'remove', 'tokyo', '--yes']);
    await until(async () => !(await lab.reaches('berlin', '10.3.0.10')), 20_000, 'tokyo to be cut off');
    await lab.tunnelsUp(4, 30_000);
    assert.ok(await lab.reaches('berlin', london));
  });
});

async function processes(): Promise<readonly ProcessStatus[]> {
  return (JSON.parse(await lab.lab('status', ['--json'])) as { processes: readonly ProcessStatus[] }).processes;
}

async function edgeOf(site: string): Promise<number> {
  let pid: number | null | undefined;
  await until(
    async () => {
      pid = (await processes()).find((one) => one.name === `edge ${site}`)?.pid;
      return typeof pid === 'number';
    },
    10_000,
    `the edge of ${site} to run`,
  );
  return pid as number;
}

/** The child of a process whose command line holds a word. */
async function childOf(pid: number, word: string): Promise<number> {
  let found: number | undefined;
  await until(
    async () => {
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
      found = children.map(Number).find((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(word));
      return found !== undefined;
    },
    10_000,
    `a ${word} below process ${pid}`,
  );
  return found as number;
}

function spawnIn(namespace: string, words: readonly string[]): ChildProcess {
  return spawn('ip', ['netns', 'exec', namespace, ...words], { stdio: 'ignore' });
}

/** Debian's WireGuard in a namespace that hangs on the lab's core, set up with what the API gave for it. */
async function stockPeer(name: string, address: string) {
  const namespace = `ptfabric-${name}`;
  const folder = mkdtempSync(join(tmpdir(), 'patronus-peer-'));
  const privateKey = (await must('wg', ['genkey'])).trim();
  const keyFile = join(folder, 'key');
  writeFileSync(keyFile, privateKey, { mode: 0o600 });
  const publicKey = (await must('sh', ['-c', 'exec wg pubkey < "$1"', 'sh', keyFile])).trim();
  const words = ['peer', 'add', 'berlin', name, '--address', address, '--public-key', publicKey, '--json'];
  const added = JSON.parse(await lab.must(words)) as { configuration: string };
  await must('ip', ['netns', 'add', namespace]);
  await must('ip', [
    'link',
    'add',
    'ptphone0',
    'netns',
    namespace,
    'type',
    'veth',
    'peer',
    'name',
    'ptphone1',
    'netns',
    'ptfabric-core',
  ]);
  await must('ip', ['-n', 'ptfabric-core', 'address', 'add', '192.0.2.1/30', 'dev', 'ptphone1']);
  await must('ip', ['-n', 'ptfabric-core', 'link', 'set', 'ptphone1', 'up']);
  await must('ip', ['-n', namespace, 'address', 'add', '192.0.2.2/30', 'dev', 'ptphone0']);
  await must('ip', ['-n', namespace, 'link', 'set', 'ptphone0', 'up']);
  await must('ip', ['-n', namespace, 'route', 'add', 'default', 'via', '192.0.2.1']);
  const daemon = spawn('ip', ['netns', 'exec', namespace, 'wireguard-go', '-f', 'ptwgphone'], { stdio: 'ignore' });
  const device = () => run('ip', ['-n', namespace, 'link', 'show', 'ptwgphone']);
  await until(async () => (await device()).code === 0, 10_000, 'wireguard-go to make its device');
  const file = join(folder, 'peer.conf');
  writeFileSync(file, withoutQuickLines(added.configuration, privateKey), { mode: 0o600 });
  await must('ip', ['netns', 'exec', namespace, 'wg', 'setconf', 'ptwgphone', file]);
  await must('ip', ['-n', namespace, 'address', 'add', address, 'dev', 'ptwgphone']);
  await must('ip', ['-n', namespace, 'link', 'set', 'ptwgphone', 'up', 'mtu', '1380']);
  for (const allowed of /AllowedIPs *= *(.+)/.exec(added.configuration)?.[1]?.split(/, */) ?? []) {
    await must('ip', ['-n', namespace, 'route', 'add', allowed, 'dev', 'ptwgphone']);
  }
  return {
    reaches: async (to: string) =>
      (await run('ip', ['netns', 'exec', namespace, 'ping', '-c', '1', '-W', '1', to])).code === 0,
    end: async () => {
      // Asked politely, it takes its control socket away.
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      if (daemon.exitCode === null && daemon.kill('SIGTERM')) await ended;
      await run('ip', ['netns', 'del', namespace]);
      await run('ip', ['-n', 'ptfabric-core', 'link', 'del', 'ptphone1']);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What `wg setconf` takes of a wg-quick file, with the peer's own private key in it. */
function withoutQuickLines(configuration: string, privateKey: string): string {
  const lines = configuration.split('\n').filter((line) => !/^\s*(Address|DNS|MTU|PrivateKey|#)/.test(line));
  return lines
    .map((line) => (line.trim() === '[Interface]' ? `[Interface]\nPrivateKey = ${privateKey}` : line))
    .join('\n');
}

async function must(program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(program, args);
  assert.equal(code, 0, `${program} ${args.slice(0, 6).join(' ')}: ${stderr}`);
  return stdout;
}
