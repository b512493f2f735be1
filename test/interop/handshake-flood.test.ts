/** Attack row 20: 20,000 forged handshake initiations a second. PATRONUS_LONG=1 keeps it up for the row's 60 s. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PingStream, TwoSites } from './fixtures/twoSites.ts';

const skip = process.getuid?.() !== 0 && process.env.CI !== 'true' ? 'needs root: run `sudo npm test`' : false;
const program = fileURLToPath(new URL('./fixtures/flood.ts', import.meta.url));
const SECONDS = process.env.PATRONUS_LONG === '1' ? 60 : 10;
const PER_SECOND = 20_000;
const REQUEST = 20 + 8 + 148;

function residentKiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

describe('a flood of handshakes', { skip }, () => {
  test('leaves established tunnels alone, answers nobody with more than was asked, and takes no memory', async (context) => {
    const world = new TwoSites(context);
    await world.connect();
    const { left, right } = world;
    // Answers to the forged sources find their way out, to be counted where they would go.
    right.ip('route', 'add', '198.18.0.0/15', 'via', left.outer('one'), 'dev', 'ptone');
    const answers = 'ip saddr 192.0.2.2 ip daddr 198.18.0.0/15 udp sport 51820';
    left.run(
      'nft',
      `table netdev ptanswers { chain c { type filter hook ingress device "ptone" priority 0;
        ${answers} meta length > ${REQUEST} counter comment "longer"; ${answers} counter drop comment "all"; }; }`,
    );
    const pid = await right.pid();
    const ping = new PingStream(context, left, right.address);
    await ping.passes(100);
    const before = residentKiB(pid);
    const flood = spawn('ip', [
      ...['netns', 'exec', left.namespace, process.execPath, program, right.outer('one'), '51820'],
      ...[right.keys.one.publicKey, `${PER_SECOND}`, `${SECONDS}`],
    ]);
    context.after(() => void flood.kill('SIGKILL'));
    let told = '';
    flood.stdout.on('data', (chunk) => {
      told += chunk;
    });
    flood.stderr.pipe(process.stderr);
    await once(flood, 'close');
    const grown = residentKiB(pid) - before;
    const { sent } = JSON.parse(told) as { sent: number };
    assert.ok(sent > PER_SECOND * SECONDS * 0.95, `the flood was only ${sent}`);
    const { counters } = await right.telemetry();
    const seen =
      counters.cookieRequired! + counters.handshakeOverload! + counters.unknownPeer! + counters.badHandshake!;
    const { sent: pings, lost } = await ping.stop();
    const listed = left.run('nft', '-j', 'list', 'table', 'netdev', 'ptanswers');
    const rules = (JSON.parse(listed) as { nftables: { rule?: { comment: string; expr: object[] } }[] }).nftables;
    const counted = (comment: string) =>
      rules.flatMap(({ rule }) =>
        rule?.comment === comment
          ? rule.expr.flatMap((one) => ('counter' in one ? [one.counter as { packets: number }] : []))
          : [],
      )[0]!.packets;
    context.diagnostic(
      `${sent} in ${SECONDS} s, ${seen} seen, ${counted('all')} answered; ${lost} of ${pings} pings lost; ${grown} KiB more`,
    );
    assert.ok(seen > sent * 0.5, `${seen} of ${sent} were looked at`);
    assert.ok(counted('all') > 0 && counted('longer') === 0, 'no answer is longer than its request');
    assert.ok(lost <= pings * 0.001, `${lost} of ${pings} pings were lost`);
    assert.ok(grown <= 32 * 1024, `${grown} KiB`);
    const { tunnels } = await right.telemetry();
    assert.ok(tunnels.every(({ state }) => state === 'up'));
  });
});
