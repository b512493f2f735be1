/** The commands about SLA classes, applications, drained uplinks, decisions, BFD and explain, against the contract. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildSchema, parse, validate } from 'graphql';
import { CliError } from '../errors.ts';
import { boundsOf } from './slaOptions.ts';
import { figureOf, figures, figureWords } from './steeringFigures.ts';
import { timeOf } from './times.ts';

const contract = buildSchema(
  readFileSync(join(import.meta.dirname, '../../controller/graphql/schema.graphql'), 'utf8'),
);

const page = (node: object) => ({ edges: [{ node }], pageInfo: { hasNextPage: false, endCursor: null } });
const candidate = {
  ...{ label: 'lte → lte', rank: 1, state: 'UP', meetsSla: true, roundTripMs: 20.4, lossPercent: 0.1, jitterMs: 1 },
  ...{ mos: 4.2, cost: 20, why: 'is the cheapest' },
};
const decided = {
  at: '2026-01-31T12:00:00.000Z',
  rule: 'down',
  reason: 'internet went down.',
  candidates: [candidate],
};
const direction = {
  ...{ from: '10.1.0.5 (Berlin)', to: '10.2.0.9 (Paris)', sentence: '', edge: { name: 'Berlin' } },
  ...{ remoteEdge: { name: 'Paris' }, decision: decided },
};
const outcome = (switches: number) => ({ switches, outOfSlaSeconds: 12, downSeconds: 0 });
const bounds = { roundTripMs: 150, jitterMs: 30, lossPercent: 1, mos: 3.6 };
const figuresSet = {
  ...Object.fromEntries(figures.map(({ name }, index) => [name, index])),
  ...{ holdMs: 300_000, leastGainRatio: 0.1, ownFigures: ['holdMs'] },
};
const data: Readonly<Record<string, unknown>> = {
  sites: page({ id: 'site_a', name: 'Berlin' }),
  siteByName: { name: 'Berlin', uplinks: [{ id: 'uplink_a', label: 'lte', isDrained: false }] },
  slaClasses: page({ id: 'sla_a', name: 'Voice', ...bounds, bounds: 'all of it', revision: 3, policies: [] }),
  slaPresets: [{ name: 'Voice', description: 'Calls', ...bounds }],
  ...Object.fromEntries(
    ['addSlaClass', 'updateSlaClass'].map((name) => [name, { slaClass: { id: 'sla_a', name: 'Voice', bounds: 'so' } }]),
  ),
  ...{ removeSlaClass: { removedId: 'sla_a' }, removeApplication: { removedId: 'till' } },
  applications: page({
    ...{ id: 'till', name: 'Till', isBuiltIn: false, ports: ['tcp/7000'], prefixes: [], names: [], policies: [] },
  }),
  addApplication: { application: { id: 'till', name: 'Till', ports: ['tcp/7000'], prefixes: [], names: [] } },
  drainUplink: {
    uplink: { id: 'uplink_a', label: 'lte', isDrained: true },
    warnings: ['every uplink of Berlin is drained'],
  },
  undrainUplink: { uplink: { id: 'uplink_a', label: 'lte', isDrained: false }, warnings: [] },
  decisions: page({
    ...{ id: 'd', ...decided, treatmentId: 'default', chosenLabel: 'lte → lte', previousLabel: null },
    ...{ edge: { name: 'Berlin' }, remoteEdge: null },
  }),
  bfdSessions: page({
    ...{ id: 'b', state: 'UP', remoteState: 'INIT', transmitIntervalMs: 100, detectionTimeMs: 300, downs: 2 },
    ...{ diagnosticText: 'no diagnostic', remoteDiagnosticText: '', localDiscriminator: 1, remoteDiscriminator: 2 },
    ...{ edge: { name: 'Paris' }, remoteEdge: { name: 'Berlin' } },
    tunnel: { id: 't', a: { edge: { name: 'Berlin' }, uplink: { label: 'lte' } }, b: { uplink: { label: 'fibre' } } },
  }),
  bfdPeers: page({
    ...{ id: 'r', address: '10.1.0.254', interface: 'lan0', intervalMs: 50, multiplier: 3, passive: false },
    ...{ authentication: 'METICULOUS_SHA1', keyId: 7, edge: { id: 'e', name: 'Berlin' } },
    session: {
      ...{ state: 'UP', remoteState: 'UP', transmitIntervalMs: 50, detectionTimeMs: 150, downs: 0 },
      diagnosticText: 'no diagnostic',
    },
  }),
  steering: figuresSet,
  updateSteering: { steering: figuresSet },
  whatIf: [
    {
      ...{ edge: { name: 'Berlin' }, sentence: '3 switches instead of 41.', coverage: 1, resolutionSeconds: 10 },
      ...{ confidence: 0.8, was: outcome(41), wouldBe: outcome(3) },
      paths: [{ policies: [{ name: 'Calls' }], remoteEdge: null, was: outcome(41), wouldBe: null }],
    },
  ],
  explain: {
    ...{ at: decided.at, way: 'FABRIC', sentence: 'policy Calls matches it.', isCertain: true, unknown: ['its flow'] },
    ...{ policy: { id: 'p', name: 'Calls' }, slaClass: null, there: direction, back: { ...direction, decision: null } },
    considered: [{ verdict: 'DIFFERS', why: 'it is for udp, not tcp', policy: { name: 'Marked', position: 1 } }],
  },
};

describe('patronus sla, application, uplink, decisions, bfd and explain', () => {
  const folder = mkdtempSync(join(tmpdir(), 'patronus-cli-'));
  const socket = join(folder, 'admin.sock');
  const asked: { query: string; variables: Record<string, unknown> }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const question = JSON.parse(Buffer.concat(parts).toString());
    asked.push(question);
    const errors = validate(contract, parse(question.query)).map(({ message }) => ({
      message,
      extensions: { code: 'X' },
    }));
    const answer = errors.length > 0 ? { errors } : { data };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
  });
  before(() => new Promise<void>((resolve) => server.listen(socket, resolve)));
  after(async () => {
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  function patronus(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const main = fileURLToPath(new URL('../main.ts', import.meta.url));
    const env = { ...process.env, NO_COLOR: '1', PATRONUS_SOCKET: socket, TZ: 'UTC' };
    return new Promise((resolve) =>
      execFile(process.execPath, [main, ...line.split(' ')], { env, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      ),
    );
  }

  const told: readonly (readonly [string, RegExp])[] = [
    ['sla list', /Voice.*150 ms.*30 ms.*1 %.*3\.6/],
    ['sla list --presets', /Calls/],
    ['application list --own', /Till.*your own.*tcp\/7000/],
    ['decisions --site berlin --since 2h', /2026-01-31 12:00:00.*Berlin.*none.*lte → lte.*down.*internet went down/],
    ['decisions --table', /1 │ lte → lte.*met.*20 ms.*0\.1 %.*is the cheapest/],
    [
      'bfd --site berlin',
      /Paris.*Berlin.*fibre → lte.*up.*init.*100 ms.*300 ms.*Routers.*Berlin.*10\.1\.0\.254.*lan0.*up.*50 ms.*150 ms/s,
    ],
    [
      'explain --from 10.1.0.5 --to 10.2.0.9 --port 443 --at 2h',
      /^policy Calls matches it\.\n.*Marked.*no.*it is for udp, not tcp.*There, as decided 2026-01-31 12:00:00 \(down\):.*lte → lte.*- its flow/s,
    ],
    ['steering show', /hold .*5m.*by you.*least-gain-part.*10%.*as it comes/s],
    ['uplink undrain berlin lte', /Uplink lte of berlin is in service/],
    ['sla remove voice', /SLA class Voice removed/],
    ['application remove till', /Application till removed/],
  ];

  test('say what the controller knows, each in a question that its contract allows', async () => {
    // Two at a time: each is a program of its own that has to start.
    for (let at = 0; at < told.length; at += 2) {
      const pair = told.slice(at, at + 2);
      const answers = await Promise.all(pair.map(([line]) => patronus(line)));
      for (const [index, [line, words]] of pair.entries()) {
        const { code, stdout, stderr } = answers[index]!;
        assert.equal(code, 0, `${line}: ${stderr}`);
        assert.match(stdout, words, line);
      }
    }
    const question = asked.find(({ query }) => query.startsWith('query Explain'))!.variables;
    assert.deepEqual([question.protocol, question.port], ['tcp', 443]);
    const since = asked.find(({ query }) => query.startsWith('query Decisions'))!.variables.filter as { since: string };
    assert.ok(Math.abs(Date.now() - Date.parse(since.since) - 7_200_000) < 120_000);
  });

  test('hand over what was typed, and show what deserves a second look', async () => {
    await patronus('sla add Calls --preset voice --mos none --loss 0.5');
    assert.deepEqual(asked.at(-1)!.variables.input, { ...bounds, name: 'Calls', mos: null, lossPercent: 0.5 });
    await patronus('sla set voice --jitter 20');
    assert.deepEqual(asked.at(-1)!.variables.input, { id: 'sla_a', revision: 3, jitterMs: 20 });
    await patronus('application add Till --port tcp/7000 --domain till.example.org');
    assert.deepEqual(asked.at(-1)!.variables.input, {
      ...{ name: 'Till', ports: ['tcp/7000'], prefixes: [], names: ['till.example.org'] },
    });
    const { stdout, stderr } = await patronus('uplink drain berlin LTE');
    assert.deepEqual(asked.at(-1)!.variables.input, { uplinkId: 'uplink_a' });
    assert.match(stdout, /Uplink lte of berlin is drained/);
    assert.match(stderr, /every uplink of Berlin/);
    const file = join(folder, 'change.json');
    writeFileSync(file, JSON.stringify({ thresholds: { holdMs: 300_000 }, slaClasses: { voice: { lossPercent: 2 } } }));
    const answer = await patronus(`whatif --policy ${file} --since 7d`);
    assert.match(answer.stdout, /Berlin: 3 switches instead of 41.*Calls.*41 → –/s, answer.stderr);
    assert.deepEqual(asked.at(-1)!.variables.input, {
      ...{ thresholds: { holdMs: 300_000 }, slaClasses: [{ id: 'sla_a', lossPercent: 2 }], policies: [] },
    });
    const applied = await patronus(
      `steering set --file ${file} --least-gain 30ms --least-gain-part 20% --dwell default`,
    );
    assert.match(applied.stdout, /changed:.*hold .*5m/s, applied.stderr);
    assert.match(applied.stderr, /only the thresholds.*patronus sla set voice/);
    assert.deepEqual(asked.at(-1)!.variables.input, {
      ...{ holdMs: 300_000, leastGainMs: 30, leastGainRatio: 0.2, dwellMs: null },
    });
    writeFileSync(file, JSON.stringify({ policies: { Calls: { sIa: 'Voice' } } }));
    assert.match((await patronus(`whatif --policy ${file} --since 7d`)).stderr, /policies\.Calls.*whatif --help/);
    assert.match((await patronus('uplink drain berlin mpls')).stderr, /Berlin has no uplink "mpls"; it has lte/);
  });
});

test('times are how long ago or by the clock, and bounds are numbers or none', () => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  assert.equal(timeOf('90s', '--at', now), '2026-01-31T11:58:30.000Z');
  assert.equal(timeOf('1w', '--at', now), '2026-01-24T12:00:00.000Z');
  assert.equal(timeOf('2026-01-30T00:00:00Z', '--at', now), '2026-01-30T00:00:00.000Z');
  for (const wrong of ['', 'yesterday', '-2h']) assert.throws(() => timeOf(wrong, '--at', now), CliError, wrong);
  assert.deepEqual(boundsOf({ loss: '0.5', mos: 'none' }), { lossPercent: 0.5, mos: null });
  for (const wrong of ['', 'many', '-1']) assert.throws(() => boundsOf({ jitter: wrong }), CliError, wrong);
});

test('figures of path choice are read with their units and written the same way', () => {
  const [hold, part, returns] = ['hold', 'least-gain-part', 'most-returns'].map(
    (option) => figures.find((one) => one.option === option)!,
  ) as [(typeof figures)[number], (typeof figures)[number], (typeof figures)[number]];
  for (const [figure, text, value] of [
    [hold, '250ms', 250],
    [hold, '90s', 90_000],
    [hold, '5m', 300_000],
    [part, '12.5%', 0.125],
    [returns, '3', 3],
  ] as const) {
    assert.equal(figureOf(figure, text), value);
    assert.equal(figureWords(figure, value), text);
  }
  assert.equal(figureOf(hold, 'default'), null);
  for (const [figure, wrong] of [
    ...['60', '5%', '-1s', 'soon', ''].map((text) => [hold, text] as const),
    ...[[part, '0.1'] as const, [returns, '3s'] as const],
  ])
    assert.throws(() => figureOf(figure, wrong), CliError, wrong);
});
