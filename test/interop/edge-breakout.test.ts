/** Local exit to the internet: out by the policy's first uplink that works, behind its address, and never into the fabric. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer, type Server, type Socket } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import type { Configuration, Policy } from '@patronus/protocol';
import { buildTwoSites, type EdgeWorld, type Gateway } from './fixtures/edgeWorld.ts';
import { enterOwnNamespace, eventually, ip, skipWithoutRoot } from './ownNamespace.ts';

/** A host in the core that stands for the internet, and what uplinks are asked for. */
const internet = '203.0.113.80';
const port = 8080;
const hostOf = (gateway: Gateway) => `10.${gateway.number}.0.10`;

/** A host on the gateway's LAN: its namespace. */
function addHost(context: Pick<TestContext, 'after'>, gateway: Gateway): string {
  const namespace = `${gateway.namespace}h`;
  ip('netns', 'add', namespace);
  context.after(() => execFileSync('ip', ['netns', 'delete', namespace]));
  gateway.ip('link', 'add', 'pthost', 'type', 'veth', 'peer', 'name', 'ptlan', 'netns', namespace);
  gateway.ip('link', 'set', 'pthost', 'master', 'ptlan', 'up');
  ip('-n', namespace, 'address', 'add', `${hostOf(gateway)}/24`, 'dev', 'ptlan');
  ip('-n', namespace, 'link', 'set', 'ptlan', 'up');
  ip('-n', namespace, 'route', 'add', 'default', 'via', gateway.lanAddress);
  return namespace;
}

/** Answers every connection with the address that it comes from, line by line as often as it is asked. */
async function startInternet(context: Pick<TestContext, 'after'>): Promise<Server> {
  ip('link', 'add', 'ptnet', 'type', 'bridge');
  ip('address', 'add', `${internet}/32`, 'dev', 'ptnet');
  ip('link', 'set', 'ptnet', 'up');
  const sockets = new Set<Socket>();
  const server = createServer((socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', () => socket.write(`${socket.remoteAddress}\n`));
  });
  await new Promise<void>((resolve) => server.listen(port, internet, resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return server;
}

/** From where the internet sees a new connection of the host come; undefined: not at all. Runs beside the server. */
async function seenFrom(namespace: string, to = internet): Promise<string | undefined> {
  const script = `const s=require('net').connect(${port},'${to}',()=>s.write('?'));
    s.setTimeout(400,()=>process.exit(2));s.on('error',(e)=>{process.stdout.write(e.code);process.exit(1)});
    s.on('data',(d)=>{process.stdout.write(String(d).trim());process.exit(0)})`;
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], { stdio: 'pipe' });
  let output = '';
  child.stdout.on('data', (text) => (output += String(text)));
  const code = await new Promise((resolve) => child.once('close', resolve));
  return code === 2 ? undefined : output;
}

/** A connection that goes on asking every 100 ms; how often it was answered, and with what. */
function keepAsking(context: Pick<TestContext, 'after'>, namespace: string) {
  const script = `const s=require('net').connect(${port},'${internet}');setInterval(()=>s.write('?'),100);
    s.on('data',(d)=>process.stdout.write(d));s.on('error',()=>process.exit(1))`;
  const child: ChildProcess = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  context.after(() => child.kill('SIGKILL'));
  const answers: string[] = [];
  child.stdout!.on('data', (text) => answers.push(...String(text).trim().split('\n')));
  return answers;
}

const breakout = (more: Partial<Policy> = {}): Policy => ({
  ...{ id: 'out', name: 'Out', match: {}, action: 'breakout', breakoutUplinks: ['edge1-internet', 'edge1-lte'] },
  ...{ treatment: 'default', priority: 'normal', limitPercent: null, mark: null, compression: null },
  ...more,
});

async function configure(
  { controller }: Pick<EdgeWorld, 'controller'>,
  policies: Policy[],
  probe?: string,
  applications: Configuration['applications'] = [],
) {
  controller.rewrite = (configuration: Configuration) =>
    configuration.edge.id !== 'edge1'
      ? configuration
      : {
          ...configuration,
          policies,
          applications,
          edges: configuration.edges.map((edge) => (probe === undefined ? edge : { ...edge, reachProbe: probe })),
          uplinks: configuration.uplinks.map((uplink) => ({ ...uplink, probeTargets: [internet] })),
        };
  controller.publish();
  const { sequence } = controller.edge('edge1').configuration!.version;
  await eventually('it is confirmed', () =>
    controller.heard('edge1', 'confirmed').some(({ version }) => version.sequence === sequence),
  );
}

describe('breaking out to the internet', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('new connections follow the uplinks that work, old ones stay, and the fabric is left alone', async (context) => {
    const world = await buildTwoSites(context, ['--trial-seconds', '20']);
    const { controller, berlin, london } = world;
    const namespace = addHost(context, berlin);
    await startInternet(context);
    const status = () => berlin.status();
    const table = () => {
      try {
        return berlin.run('nft', 'list', 'table', 'inet', 'patronus');
      } catch {
        return '';
      }
    };
    const uplinkState = (id: string) => status()?.breakout.find(({ uplinkId }) => uplinkId === id)?.state;

    await context.test('without such a policy there is no table, no rule and no probe', () => {
      assert.equal(table(), '');
      assert.doesNotMatch(berlin.ip('rule'), /517[123]/);
      assert.deepEqual(status()?.breakout, []);
    });

    await context.test('a host reaches the internet behind the address of the first uplink', async () => {
      await configure(world, [breakout()]);
      await eventually('the table is there', () => table().includes('choice-0'));
      await eventually('both uplinks are asked', () => uplinkState('edge1-lte') === 'up');
      assert.equal(uplinkState('edge1-internet'), 'up');
      assert.equal(await seenFrom(namespace), '198.18.1.2');
      assert.ok(berlin.reaches(london), 'the fabric goes on');
    });

    await context.test('packets for the fabric never leave in the clear, also where no tunnel is', async () => {
      berlin.run('nft', 'add table inet ptwatch');
      berlin.run('nft', 'add chain inet ptwatch out { type filter hook postrouting priority 300; }');
      berlin.run('nft', 'add rule inet ptwatch out oifname { "ptinternet", "ptlte" } ip daddr 10.0.0.0/8 counter');
      // Marked as if it broke out: the rules keep it in the fabric.
      const route = berlin.ip('route', 'get', london.lanAddress, 'mark', '0x50420000');
      assert.match(route, /patronus0/);
      assert.match(berlin.ip('route', 'get', hostOf(berlin), 'mark', '0x50420000'), /ptlan/);
      assert.match(berlin.ip('route', 'get', internet, 'mark', '0x50420041'), /ptlte/);
      execFileSync('ip', ['netns', 'exec', namespace, 'ping', '-c', '1', '-W', '1', london.lanAddress]);
      assert.match(berlin.run('nft', 'list', 'chain', 'inet', 'ptwatch', 'out'), /counter packets 0 /);
    });

    await context.test('a flushed ruleset is back within a second', async (inner) => {
      const flushedAt = performance.now();
      berlin.run('nft', 'flush', 'ruleset');
      await eventually('the table is back', () => table().includes('choice-0'));
      const tookMs = Math.round(performance.now() - flushedAt);
      inner.diagnostic(`back after ${tookMs} ms`);
      await eventually('it is told', () =>
        controller.heard('edge1', 'notice').some(({ message }) => message.includes('nftables')),
      );
      assert.equal(await seenFrom(namespace), '198.18.1.2');
    });

    await context.test(
      'a silent cut moves new connections within a second; the old one waits, and goes on',
      async (inner) => {
        const answers = keepAsking(context, namespace);
        await eventually('the connection is there', () => answers.length > 3);
        const cutAt = performance.now();
        berlin.cut('ptinternet');
        let from: string | undefined;
        let movedMs = 0;
        while (from !== '198.19.1.2' && performance.now() - cutAt < 10_000) {
          const began = performance.now();
          from = await seenFrom(namespace);
          movedMs = Math.round(began - cutAt);
        }
        assert.equal(from, '198.19.1.2');
        inner.diagnostic(`the first connection that came through was opened ${movedMs} ms after the cut`);
        const before = answers.length;
        await eventually('it is logged', () => berlin.output.includes('BREAKOUT_DOWN'));
        assert.equal(uplinkState('edge1-internet'), 'down');
        assert.equal(answers.length, before, 'the old connection is pinned to the uplink that is gone');
        berlin.mend();
        await eventually('the old connection goes on', () => answers.length > before + 3);
        assert.deepEqual([...new Set(answers)], ['198.18.1.2']);
        await eventually('the uplink is back', () => uplinkState('edge1-internet') === 'up');
        await eventually('it is told', () =>
          controller.heard('edge1', 'notice').some(({ code }) => code === 'BREAKOUT_UP'),
        );
        assert.equal(await seenFrom(namespace), '198.18.1.2');
      },
    );

    await context.test('policies count, in their order: a denial before is refused and told of', async () => {
      const deny = breakout({
        id: 'no',
        name: 'No',
        action: 'deny',
        breakoutUplinks: [],
        match: { ports: [[port, port]] },
      });
      await configure(world, [deny, breakout()]);
      await eventually('the denial is there', () => table().includes('rest-1'));
      assert.equal(await seenFrom(namespace), 'EHOSTUNREACH');
      await eventually('hits are counted', () => {
        const policies = controller.heard('edge1', 'telemetry').at(-1)?.policies ?? [];
        const hit = (id: string) => policies.find((policy) => policy.id === id);
        return (
          (hit('no')?.deniedPackets ?? 0) > 0 && (hit('out')?.flows ?? 0) > 0 && (hit('out')?.sentPackets ?? 0) > 3
        );
      });
    });

    await context.test('an application known by name breaks out once DNS gave its address to the LAN', async () => {
      const zoom = { id: 'zoom', name: 'Zoom', ports: [], prefixes: [], names: ['zoom.us'] };
      const lte = { breakoutUplinks: ['edge1-lte'], match: { applications: ['zoom'] } };
      await configure(world, [breakout(lte)], undefined, [zoom]);
      await eventually('its set is there', () => table().includes('names4-zoom'));
      // The gateway's own resolver answers the host, as dnsmasq would: eu.zoom.us is 203.0.113.80.
      const answer = '123481800001000100000000026575047a6f6f6d02757300' + '00010001c00c000100010000012c0004cb007150';
      const script = `const s=require('dgram').createSocket('udp4');
        s.bind(53,'${berlin.lanAddress}',()=>s.send(Buffer.from('${answer}','hex'),4000,'${hostOf(berlin)}',()=>s.close()))`;
      berlin.run(process.execPath, '-e', script);
      await eventually('the address is known', () => table().includes(internet));
      assert.equal(await seenFrom(namespace), '198.19.1.2');
    });

    await context.test(
      'a LAN that is gone while its edge is up is seen within five seconds, and when it is back',
      async (inner) => {
        const lan = addHost(context, london);
        await configure(world, [], hostOf(london));
        const reach = () => status()?.reach[0]?.state;
        await eventually('it answers', () => reach() === 'up');
        const goneAt = performance.now();
        ip('-n', lan, 'link', 'set', 'ptlan', 'down');
        await eventually('it is told', () =>
          controller.heard('edge1', 'notice').some(({ code }) => code === 'REACH_DOWN'),
        );
        const seenMs = Math.round(performance.now() - goneAt);
        inner.diagnostic(`seen after ${seenMs} ms`);
        assert.ok(seenMs < 5_000, `${seenMs} ms`);
        ip('-n', lan, 'link', 'set', 'ptlan', 'up');
        ip('-n', lan, 'route', 'replace', 'default', 'via', london.lanAddress);
        await eventually('it is back', () => reach() === 'up');
      },
    );

    await context.test('without the policy, and after the edge, nothing is left', async () => {
      await configure(world, []);
      await eventually('the table is gone', () => table() === '');
      assert.doesNotMatch(berlin.ip('rule'), /517[123]/);
      await configure(world, [breakout()]);
      await eventually('the table is there', () => table() !== '');
      await berlin.end();
      assert.equal(table(), '');
    });
  });
});
