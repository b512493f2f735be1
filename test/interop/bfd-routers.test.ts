/** BFD of a forwarder with a router outside of the fabric: BIRD, both families, one hop and several, 50 ms × 3. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BfdReport, ForwarderEvent } from '@patronus/forwarder';
import type { BfdPeerConfiguration } from '@patronus/protocol';
import { BfdWorld, FAR, OURS, THEIRS, WIRE } from './fixtures/bfdWorld.ts';
import { eventually } from './fixtures/wireWorld.ts';
import { skipWithoutRoot } from './ownNamespace.ts';

const program = fileURLToPath(new URL('fixtures/bfdRouters.ts', import.meta.url));
const LINK_LOCAL = 'fe80::b1d';

type Line = ForwarderEvent & { readonly heardMs: number };

const common = { intervalMs: 50, multiplier: 3, passive: false } as const;
const authentication = { type: 'meticulous-sha1', keyId: 7, key: 'a secret' } as const;
const peers: readonly BfdPeerConfiguration[] = [
  { ...common, id: 'v4', address: THEIRS[4], interface: WIRE, multihop: false, authentication },
  { ...common, id: 'v6', address: THEIRS[6], interface: WIRE, multihop: false, authentication, passive: true },
  { ...common, id: 'local6', address: LINK_LOCAL, interface: WIRE, multihop: false, authentication },
  { ...common, id: 'far4', address: FAR[4][1], interface: null, multihop: true, authentication },
  { ...common, id: 'far6', address: FAR[6][1], interface: null, multihop: true, authentication: null },
];

class Edge {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;

  constructor(world: BfdWorld) {
    this.#child = world.start(world.ours, process.execPath, [program]);
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.lines.push(JSON.parse(line)));
  }

  tell(line: string | readonly BfdPeerConfiguration[]): void {
    this.#child.stdin!.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);
  }

  states(id: string) {
    return this.lines.filter((line) => line.type === 'bfdPeerState').filter((line) => line.id === id);
  }

  is(id: string, state: string) {
    return eventually(`${id} to be ${state}`, () => {
      const line = this.states(id).at(-1);
      return line?.state === state ? line : undefined;
    });
  }

  async sessions(): Promise<ReadonlyMap<string, BfdReport>> {
    const reports = () => this.lines.filter((line) => line.type === 'telemetry');
    const before = reports().length;
    this.tell('report');
    await eventually('a report', () => (reports().length > before ? true : undefined));
    return new Map(
      reports()
        .at(-1)!
        .neighbours!.map(({ id, session }) => [id, session]),
    );
  }
}

test('routers one hop away and several, over both families, come up, and a silent cut is told in time', {
  skip: skipWithoutRoot,
}, async (context) => {
  const world = new BfdWorld(context, 'route');
  const local = linkLocalOf(world.ip(world.ours, '-6', 'addr', 'show', 'dev', WIRE, 'scope', 'link'));
  world.ip(world.theirs, 'addr', 'add', `${LINK_LOCAL}/64`, 'dev', WIRE, 'nodad');
  const timers = 'interval 50 ms; multiplier 3;';
  const secret = `authentication meticulous keyed sha1; password "a secret" { id 7; };`;
  const configuration = world.write(
    'bird.conf',
    `router id 10.90.0.2; protocol device { } protocol bfd bfd1 {
      interface "${WIRE}" { ${timers} ${secret} };
      multihop { ${timers} ${secret} };
      neighbor ${OURS[4]} dev "${WIRE}"; neighbor ${OURS[6]} dev "${WIRE}";
      neighbor ${local} dev "${WIRE}" local ${LINK_LOCAL};
      neighbor ${FAR[4][0]} local ${FAR[4][1]} multihop; neighbor ${FAR[6][0]} local ${FAR[6][1]} multihop; }\n`,
  );
  world.start(world.theirs, 'bird', [
    '-f',
    '-c',
    configuration,
    '-s',
    `${world.folder}/ctl`,
    '-P',
    `${world.folder}/pid`,
  ]);
  const edge = new Edge(world);
  edge.tell(peers);
  const authenticated = ['v4', 'v6', 'local6', 'far4'];
  for (const id of authenticated) await edge.is(id, 'up');
  await eventually('the negotiated timers', async () => {
    const sessions = await edge.sessions();
    return authenticated.every((id) => sessions.get(id)?.detectionTimeMs === 150) ? true : undefined;
  });
  assert.equal(edge.states('far6').length, 0, 'without the key that the router asks for nothing comes up');
  assert.ok(!JSON.stringify(edge.lines).includes('a secret'), 'no event tells a key');

  // Everything that the router says from here on has been forwarded once: it is as if it said nothing (RFC 5881 §5).
  const rules = 'type filter hook postrouting priority 0; ip ttl set 254; ip6 hoplimit set 254;';
  world.exec(world.theirs, 'nft', `table inet ptfar { chain out { ${rules} }; }`);
  for (const id of ['v4', 'v6', 'local6']) {
    assert.match((await edge.is(id, 'down')).reason, /^no BFD packet/, `${id} believes no hop limit but 255`);
  }
  assert.equal(edge.states('far4').at(-1)!.state, 'up', 'over several hops it may be any');
  world.exec(world.theirs, 'nft', 'delete table inet ptfar');
  for (const id of authenticated) await edge.is(id, 'up');

  world.cut(world.ours, world.theirs);
  for (const id of authenticated) {
    const down = await edge.is(id, 'down');
    // Counted from the last packet, which came before the cut, until the edge was told.
    const silentMs = Number(/^no BFD packet for (\d+) ms \(control detection time expired\)/.exec(down.reason)?.[1]);
    const tookMs = silentMs + (down.heardMs - down.atMs);
    context.diagnostic(`${id}: told ${tookMs.toFixed(0)} ms after the last packet`);
    assert.ok(tookMs >= 149 && tookMs <= 150 + 50 + 100, `${id}: ${down.reason}, told after ${tookMs} ms`);
  }
  world.restore(world.ours, world.theirs);
  await edge.is('v4', 'up');

  edge.tell(peers.filter(({ id }) => id !== 'v4'));
  await eventually('BIRD to hear that v4 is switched off', () => {
    const line = world
      .exec(world.theirs, 'birdc', '-s', `${world.folder}/ctl`, 'show', 'bfd', 'sessions')
      .split('\n')
      .find((text) => text.startsWith(`${OURS[4]} `));
    return line !== undefined && /\bDown\b/.test(line) ? true : undefined;
  });
  assert.ok(!(await edge.sessions()).has('v4'));
});

function linkLocalOf(text: string): string {
  return /inet6 (fe80::[0-9a-f:]+)/.exec(text)![1]!;
}
