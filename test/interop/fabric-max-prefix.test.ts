/**
 * A router that brings more and more: told of while there is time, cut off above its maximum, and back by itself once it
 * brings less. BIRD on the LAN of a real gateway, with a real controller, seen where people look. Needs root.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { controllerClient } from '../../apps/lab/controller-client.ts';
import { end } from './fixtures/ending.ts';
import { needsRoot, run, TestLab, until } from './labFixture.ts';

const lab = new TestLab('maxpfx');
const ROUTER = '10.1.0.10';
const MOST = 10;
const RESTART_S = 15;
/** Of a gateway whose call was refused; meanwhile the router calls. */
const RETRY_S = 10;
const PATIENCE_MS = 90_000;

/** Its routes come in one UPDATE or in several: the count is that of the one which was too much. */
const cutOff =
  /^berlin ended BGP with core \(10\.1\.0\.10, AS 65001\): it brought 1[12] prefixes and may bring 10; it is called again after 15 s: look at what it announces, or allow it more$/;

interface Session {
  readonly state: string;
  readonly received: number;
  readonly flaps: number;
  readonly lastError: string | null;
}

const alarmsSchema = z.object({
  alarms: z.object({
    edges: z.array(
      z.object({
        node: z.object({
          ...{ code: z.string(), severity: z.string(), message: z.string() },
          ...{ clearedAt: z.string().nullable(), site: z.object({ name: z.string() }).nullable() },
        }),
      }),
    ),
  }),
});

/** Every alarm of BGP there was, as the API tells it, newest first. */
async function alarms() {
  const client = controllerClient(join(lab.folder, 'controller', 'admin.sock'));
  const query = '{ alarms(first: 100) { edges { node { code severity message clearedAt site { name } } } } }';
  const { alarms: told } = await client.request(query, {}, alarmsSchema);
  return told.edges.map(({ node }) => node).filter(({ code }) => code.startsWith('BGP_'));
}

const activeOf = async (code: string) =>
  (await alarms()).find((alarm) => alarm.code === code && alarm.clearedAt === null);

async function session(): Promise<Session | null> {
  const listed = JSON.parse(await lab.must(['bgp', 'neighbor', 'list', '--json'])) as { session: Session | null }[];
  return listed[0]!.session;
}

async function holds(site: string, prefix: string): Promise<boolean> {
  const { stdout } = await run('ip', ['-n', `ptmaxpfx-${site}`, 'route', 'show', 'table', '51800', 'type', 'unicast']);
  return stdout.includes(prefix);
}

/** BIRD in the first host of Berlin. Of its routes three are always there; `near` brings five more, `many` another four. */
async function startBird(context: TestContext) {
  const file = (name: string) => join(lab.state, name);
  const routes = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, at) => `route 172.16.${from + at}.0/24 blackhole;`).join(' ');
  writeFileSync(
    file('bird.conf'),
    `log "${file('bird.log')}" all; timeformat log iso long ms; router id ${ROUTER};
protocol device { }
protocol static few { ipv4; ${routes(1, 3)} }
protocol static near { disabled; ipv4; ${routes(4, 8)} }
protocol static many { disabled; ipv4; ${routes(9, 12)} }
protocol bgp berlin { debug { events }; local as 65001; neighbor 10.1.0.1 as 4200000000; connect retry time 1;
  connect delay time 1; error wait time 1, 2; ipv4 { import all; export where source = RTS_STATIC; }; }
`,
  );
  const bird = ['bird', '-f', '-c', file('bird.conf'), '-s', file('bird.ctl'), '-P', file('bird.pid')];
  const child = spawn('ip', ['netns', 'exec', 'ptmaxpfx-berlin-h1', ...bird], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  context.after(() => end(child, () => child.kill('SIGKILL')));
  const say = (...words: string[]) => run('birdc', ['-s', file('bird.ctl'), ...words]);
  await until(async () => (await say('show', 'status')).code === 0, 20_000, 'BIRD to start');
  return { say, log: () => readFileSync(file('bird.log'), 'utf8') };
}

/** How long after each end for its prefixes the session was there again, s, by BIRD's clock. */
function restS(log: string): number[] {
  const gaps: number[] = [];
  let cutMs: number | undefined;
  for (const line of log.split('\n')) {
    const atMs = Date.parse(`${line.slice(0, 23).replace(' ', 'T')}Z`);
    if (line.includes('Received: Maximum number of prefixes reached')) cutMs = atMs;
    else if (line.includes('BGP session established') && cutMs !== undefined) {
      gaps.push((atMs - cutMs) / 1_000);
      cutMs = undefined;
    }
  }
  return gaps;
}

describe('a router with a maximum of prefixes', { skip: needsRoot }, () => {
  before(() => lab.up());
  after(() => lab.gone());

  test('is told of when it is near, cut off above it, and back by itself when it brings less', async (context) => {
    await lab.must(['bgp', 'allow', 'add', 'berlin', '172.16.0.0/16-24']);
    const who = ['berlin', ROUTER, '--name', 'core', '--as', '65001', '--interface', 'ptlan'];
    const what = ['--import', 'all', '--export', 'all', '--max-prefixes', `${MOST}`, '--restart-after', `${RESTART_S}`];
    await lab.must(['bgp', 'neighbor', 'add', ...who, ...what]);
    const bird = await startBird(context);
    const brings = (count: number) => async () => {
      const now = await session();
      return now?.state === 'ESTABLISHED' && now.received === count;
    };
    const areAllCleared = async () => (await alarms()).every(({ clearedAt }) => clearedAt !== null);

    await context.test('few prefixes are no alarm, and reach the other sites', async () => {
      await until(brings(3), PATIENCE_MS, 'the three routes of the router');
      await until(() => holds('london', '172.16.1.0/24'), PATIENCE_MS, 'London to have them');
      await until(areAllCleared, PATIENCE_MS, 'no alarm of BGP');
    });

    await context.test('from four fifths on it is a warning, and the session goes on', async () => {
      await bird.say('enable', 'near');
      await until(async () => (await activeOf('BGP_MANY_PREFIXES')) !== undefined, PATIENCE_MS, 'the warning');
      assert.deepEqual(await activeOf('BGP_MANY_PREFIXES'), {
        ...{ code: 'BGP_MANY_PREFIXES', severity: 'WARNING', clearedAt: null, site: { name: 'berlin' } },
        message:
          'core (10.1.0.10, AS 65001) brings berlin 8 of the 10 prefixes that it may: above them the session ends; look at what it announces, or allow it more',
      });
      const now = await session();
      assert.deepEqual([now?.state, now?.received, now?.flaps], ['ESTABLISHED', 8, 0]);
    });

    await context.test(
      'above its maximum the session ends with Cease/1, and the alarm says how many it brought',
      async () => {
        await bird.say('enable', 'many');
        await until(async () => (await activeOf('BGP_MAX_PREFIX')) !== undefined, PATIENCE_MS, 'the alarm');
        const { severity, message, site } = (await activeOf('BGP_MAX_PREFIX'))!;
        assert.deepEqual([severity, site?.name], ['CRITICAL', 'berlin']);
        assert.match(message, cutOff);
        const { stdout } = await lab.patronus(['status']);
        assert.match(stdout, /critical .*berlin ended BGP with core .*: it brought 1[12] prefixes and may bring 10; /);
        assert.match(bird.log(), /<RMT> berlin: Received: Maximum number of prefixes reached/);
        const now = await session();
        assert.ok(now!.flaps >= 1);
        assert.match(now!.lastError!, /maximum prefixes \(6\/1\): 1[12] prefixes of ipv4 unicast, 10 are allowed$/);
        await until(async () => !(await holds('london', '172.16.')), PATIENCE_MS, 'London to forget its routes');
        const isQuiet = async () => (await activeOf('BGP_MANY_PREFIXES')) === undefined;
        await until(isQuiet, PATIENCE_MS, 'the warning to end');
      },
    );

    await context.test(
      'it is left alone for its time, comes back with less, and all alarms end by themselves',
      async (inner) => {
        await bird.say('disable', 'many');
        await bird.say('disable', 'near');
        await until(brings(3), PATIENCE_MS, 'the three routes again');
        await until(() => holds('london', '172.16.1.0/24'), PATIENCE_MS, 'London to have them again');
        await until(areAllCleared, PATIENCE_MS, 'all alarms of BGP to end');
        const codes = (await alarms()).map(({ code }) => code);
        for (const code of ['BGP_MANY_PREFIXES', 'BGP_MAX_PREFIX']) assert.ok(codes.includes(code), `${codes}`);
        const gaps = restS(bird.log());
        inner.diagnostic(`back ${gaps.join(' s, ')} s after each end, with a restart time of ${RESTART_S} s`);
        assert.ok(gaps.length >= 1);
        for (const gap of gaps) assert.ok(gap >= RESTART_S - 0.1 && gap <= RESTART_S + RETRY_S + 2, `${gap} s`);
      },
    );
  });
});
