/**
 * The lab on the real kernel: what it makes, how its wires are spoilt, its edges and its check, and that it leaves
 * nothing behind. Needs root.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const main = join(import.meta.dirname, '../../apps/lab/main.ts');
const name = 'itest';
const state = mkdtempSync(join(tmpdir(), 'patronus-lab-'));
const needsRoot = process.getuid?.() === 0 ? false : 'needs root for network namespaces';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(timeoutMs: number, program: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMs }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

/** `patronus lab VERB …`; the common options come first, because what follows belongs to the verb. */
const lab = (verb: string, ...args: string[]) =>
  run(60_000, process.execPath, main, verb, '--name', name, '--state', state, ...args);

async function must(verb: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await lab(verb, ...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** As `lab exec --gateway` does, without starting Node for it. */
const tryInGateway = (site: string, ...command: string[]) =>
  run(30_000, 'ip', 'netns', 'exec', `pt${name}-${site}`, ...command);

async function inGateway(site: string, ...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryInGateway(site, ...command);
  assert.equal(code, 0, stderr);
  return stdout;
}

interface Ping {
  readonly received: number;
  readonly lossPercent: number;
  readonly minMs: number;
  readonly averageMs: number;
}

/** From Berlin's gateway to London's, over `internet` on both sides. */
async function ping(count: number, everySeconds = 0.01): Promise<Ping> {
  const target = await londonAddress();
  const words = ['ping', '-q', '-c', `${count}`, '-i', `${everySeconds}`, '-W', '0.5', '-I', 'ptinternet', target];
  const { stdout } = await tryInGateway('berlin', ...words);
  const times = /= ([\d.]+)\/([\d.]+)\//.exec(stdout);
  return {
    received: Number(/(\d+) received/.exec(stdout)?.[1]),
    lossPercent: Number(/([\d.]+)% packet loss/.exec(stdout)?.[1]),
    minMs: Number(times?.[1]),
    averageMs: Number(times?.[2]),
  };
}

interface Status {
  readonly pid: number;
  readonly wires: {
    readonly site: string;
    readonly uplink: string;
    readonly cut: string;
    readonly carriedBy: string;
  }[];
  readonly processes: { readonly name: string; readonly pid: number }[];
  readonly sites: {
    readonly name: string;
    readonly uplinks: { readonly label: string; readonly siteAddress: string }[];
  }[];
}
const status = async () => JSON.parse(await must('status', '--json')) as Status;

async function londonAddress(): Promise<string> {
  london ??= (await status()).sites.find((site) => site.name === 'london')?.uplinks[0]?.siteAddress;
  return london ?? '';
}
let london: string | undefined;

const berlinWire = async () =>
  (await status()).wires.find((wire) => wire.site === 'berlin' && wire.uplink === 'internet');

/** Everything of this test's lab that the kernel still knows, and processes that still use its folder. */
async function remains(): Promise<string[]> {
  const listings = await Promise.all([
    run(10_000, 'ip', 'netns', 'list'),
    run(10_000, 'ip', '-o', 'link', 'show'),
    run(10_000, 'ip', 'route', 'show'),
    run(10_000, 'ip', '-6', 'route', 'show'),
  ]);
  const lines = listings.flatMap(({ stdout }) => stdout.split('\n')).filter((line) => line.includes(name));
  const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(state));
  return [...lines, ...processes.map(commandOf)];
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

describe('a lab without edges', { skip: needsRoot, timeout: 180_000 }, () => {
  before(() => must('up', '--no-edges'));
  after(async () => {
    await lab('down', '--wipe');
    rmSync(state, { recursive: true, force: true });
  });

  test('gateways reach each other through the core, over IPv4 and IPv6', async () => {
    assert.equal((await ping(5)).received, 5);
    const address = (await inGateway('tokyo', 'ip', '-6', '-o', 'address', 'show', 'dev', 'ptlte', 'scope', 'global'))
      .split(/\s+/)
      .find((word) => word.startsWith('fd00:c612'));
    await inGateway('berlin', 'ping', '-q', '-c', '2', '-i', '0.05', '-W', '1', address!.replace(/\/.*/, ''));
  });

  test('a host reaches its gateway, and the controller’s place is reached from a gateway', async () => {
    await must('exec', 'berlin', 'ping', '-q', '-c', '2', '-i', '0.05', '-W', '1', '10.1.0.1');
    const { stdout } = await run(10_000, 'ip', '-o', '-4', 'address', 'show', 'dev', `ptctl-${name}`);
    const address = /inet ([\d.]+)/.exec(stdout)?.[1] ?? '';
    await inGateway('tokyo', 'ping', '-q', '-c', '2', '-i', '0.05', '-W', '1', address);
  });

  test('a command’s exit code and words are passed on', async () => {
    const program = "console.log('spoken'); process.exit(7)";
    const outcome = await lab('exec', 'berlin', process.execPath, '-e', program);
    assert.deepEqual(outcome, { code: 7, stdout: 'spoken\n', stderr: '' });
    const gateway = await must('exec', '--gateway', 'berlin', 'ip', '-br', 'address', 'show', 'dev', 'ptlan');
    assert.match(gateway, /10\.1\.0\.1\/24/);
  });

  test('a cut is silent: packets vanish, the link stays up, and restoring brings them back', async () => {
    await must('cut', 'berlin', 'internet');
    assert.equal((await ping(5)).received, 0);
    assert.equal((await inGateway('berlin', 'cat', '/sys/class/net/ptinternet/operstate')).trim(), 'up');
    assert.equal((await berlinWire())?.cut, 'both ways');
    await must('restore', 'berlin', 'internet');
    assert.equal((await ping(5)).received, 5);
  });

  test('a one-way cut silences only what leaves the site', async () => {
    await must('cut', 'berlin', 'internet', '--one-way');
    assert.equal((await ping(3)).received, 0);
    const arrived = async () =>
      Number(await inGateway('berlin', 'cat', '/sys/class/net/ptinternet/statistics/rx_packets'));
    const earlier = await arrived();
    const berlin = (await status()).sites.find((site) => site.name === 'berlin')?.uplinks[0]?.siteAddress ?? '';
    const knock = await tryInGateway('london', 'ping', '-q', '-c', '10', '-i', '0.02', '-W', '1', berlin);
    assert.match(knock.stdout, / 0 received/);
    assert.ok((await arrived()) >= earlier + 10);
    await must('restore', 'berlin', 'internet');
  });

  test('30 ± 5 ms each way makes a round trip of 60 ms, by way of the relay, which goes when it is no longer needed', async () => {
    await must('impair', 'berlin', 'internet', '--delay', '30', '--jitter', '5');
    assert.equal((await berlinWire())?.carriedBy, 'relay');
    const { received, minMs, averageMs } = await ping(100);
    assert.equal(received, 100);
    assert.ok(minMs >= 50, `shortest ${minMs} ms`);
    assert.ok(averageMs > 55 && averageMs < 75, `average ${averageMs} ms`);
    await must('restore', 'berlin', 'internet');
    assert.equal((await berlinWire())?.carriedBy, 'bridge');
    assert.deepEqual((await status()).processes, []);
    const clean = await ping(20);
    assert.equal(clean.received, 20);
    assert.ok(clean.minMs < 10, `shortest ${clean.minMs} ms`);
  });

  test('a one-way delay is felt once in a round trip', async () => {
    await must('impair', 'berlin', 'internet', '--delay', '40', '--one-way');
    const { minMs, averageMs } = await ping(20);
    assert.ok(minMs >= 40 && averageMs < 60, `${minMs} ms, average ${averageMs} ms`);
    await must('restore', 'berlin', 'internet');
  });

  for (const [how, extra] of [
    ['in the kernel', []],
    ['in the relay', ['--delay', '1']],
  ] as const) {
    test(`20 % one-way loss ${how} loses about one packet in five`, async () => {
      await must('impair', 'berlin', 'internet', '--loss', '20', '--one-way', ...extra);
      const { lossPercent } = await ping(600, 0.002);
      assert.ok(lossPercent > 12 && lossPercent < 28, `${lossPercent} % lost`);
      await must('restore', 'berlin', 'internet');
    });
  }

  test('duplicated packets arrive twice, corrupted ones are noticed by their checksum', async () => {
    const target = await londonAddress();
    await must('impair', 'berlin', 'internet', '--duplicate', '100', '--one-way');
    const doubled = await tryInGateway('berlin', 'ping', '-q', '-c', '10', '-i', '0.05', '-W', '1', target);
    assert.match(doubled.stdout, /\+\d+ duplicates/);
    await must('impair', 'berlin', 'internet', '--corrupt', '100', '--one-way');
    assert.equal((await ping(20)).received, 0);
    await must('restore', 'berlin', 'internet');
  });

  test('a rate of 10 Mbit/s lets no more than that through', async () => {
    const target = await londonAddress();
    await must('impair', 'berlin', 'internet', '--rate', '10');
    const server = tryInGateway('london', 'iperf3', '-s', '-1', '-B', target);
    await listening();
    const report = await inGateway('berlin', 'iperf3', '-c', target, '-t', '2', '-J');
    await server;
    const mbit = JSON.parse(report).end.sum_received.bits_per_second / 1e6;
    assert.ok(mbit > 1 && mbit < 11, `${mbit} Mbit/s`);
    await must('restore', 'berlin', 'internet');

    async function listening(): Promise<void> {
      const isListening = async () => (await inGateway('london', 'ss', '-Hltn', 'sport = 5201')).includes('5201');
      for (let i = 0; i < 100 && !(await isListening()); i++);
    }
  });

  test('a relay that is killed is replaced and the wire carries on', async () => {
    await must('impair', 'berlin', 'internet', '--delay', '5');
    const killed = (await status()).processes.find((each) => each.name === 'relay')?.pid ?? 0;
    process.kill(killed, 'SIGKILL');
    const relay = async () => (await status()).processes.find((each) => each.name === 'relay')?.pid;
    for (let i = 0; i < 100 && [undefined, killed].includes(await relay()); i++);
    const { received, minMs } = await ping(5);
    assert.equal(received, 5);
    assert.ok(minMs >= 10);
    await must('restore', 'berlin', 'internet');
  });

  test('wrong words are refused with what there is', async () => {
    const unknownSite = await lab('cut', 'paris', 'internet');
    assert.equal(unknownSite.code, 2);
    assert.match(unknownSite.stderr, /no site "paris"; it has: berlin, london, tokyo/);
    const unknownUplink = await lab('cut', 'berlin', 'mpls');
    assert.equal(unknownUplink.code, 2);
    assert.match(unknownUplink.stderr, /no uplink "mpls"; it has: internet, lte/);
    const twice = await lab('up', '--no-edges');
    assert.equal(twice.code, 5);
    assert.match(twice.stderr, /already up/);
    assert.equal((await lab('impair', 'berlin', 'lte', '--loss', '101')).code, 2);
    assert.equal((await lab('sing')).code, 2);
  });

  test('taking it down leaves nothing, also after its daemon was killed, and doing so twice does no harm', async () => {
    await must('impair', 'tokyo', 'lte', '--delay', '5');
    process.kill((await status()).pid, 'SIGKILL');
    assert.notDeepEqual(await remains(), []);
    await must('down');
    assert.deepEqual(await remains(), []);
    assert.match(await must('down'), /was not up/);
    assert.equal((await lab('status')).code, 4);
  });

  test('bringing it up cleans up after a crash first, and a clean end leaves nothing', async () => {
    await must('up', '--no-edges');
    process.kill((await status()).pid, 'SIGKILL');
    await must('up', '--no-edges');
    await must('down');
    assert.deepEqual(await remains(), []);
  });
});

describe('a lab with edges', { skip: needsRoot, timeout: 240_000 }, () => {
  after(async () => {
    await lab('down', '--wipe');
    rmSync(state, { recursive: true, force: true });
  });

  test('the check brings the lab up, finds twelve tunnels, loses nothing after a cut, and leaves nothing', async () => {
    const outcome = await run(150_000, process.execPath, main, 'check', '--name', name, '--state', state, '--json');
    assert.equal(outcome.code, 0, outcome.stderr);
    const result = JSON.parse(outcome.stdout);
    assert.deepEqual(Object.keys(result), ['ok', 'tunnelsUp', 'tunnels', 'sent', 'lost', 'lostAfterCut', 'seconds']);
    assert.ok(result.ok && result.sent > 1000, outcome.stdout);
    assert.equal(result.tunnelsUp, 12);
    assert.equal(result.lostAfterCut, 0);
    assert.deepEqual(await remains(), []);
  });

  test('a second start finds its edges enrolled, and an edge that is killed is started again', async () => {
    const identity = join(state, 'lab', name, 'edges', 'berlin', 'identity.json');
    const enrolled = readFileSync(identity, 'utf8');
    await must('up');
    assert.equal(readFileSync(identity, 'utf8'), enrolled);
    const edge = async () => (await status()).processes.find((each) => each.name === 'edge berlin')?.pid;
    const killed = (await edge()) ?? 0;
    process.kill(killed, 'SIGKILL');
    for (let i = 0; i < 100 && [undefined, killed].includes(await edge()); i++);
    assert.ok(![undefined, killed].includes(await edge()));
  });

  test('the check says at once which uplink is still cut, instead of waiting for its tunnels', async () => {
    await must('cut', 'berlin', 'lte');
    const { code, stderr } = await lab('check', '--json');
    assert.equal(code, 1);
    assert.match(stderr, /berlin lte is cut; run `patronus lab restore berlin lte` first/);
    await must('down');
    assert.deepEqual(await remains(), []);
  });
});
