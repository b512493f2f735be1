/** How a gateway becomes an edge, and how it does not: over real TLS, as the command a person types. */
import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { TestController } from './fixtures/testController.ts';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

const main = new URL('../../apps/edge/main.ts', import.meta.url).pathname;

/** Runs the command to its end; the controller of the test answers meanwhile. */
function edge(...args: string[]): Promise<{ code: number; error: string; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], (failure, output, error) =>
      resolve({ code: failure === null ? 0 : Number(failure.code), error, output }),
    );
  });
}

function freshState(context: TestContext): string {
  const state = mkdtempSync(join(tmpdir(), 'pt-enrol-'));
  context.after(() => rmSync(state, { recursive: true, force: true }));
  return state;
}

const plan = (id: string) => ({ id, prefixes: [], overlayAddress: '100.64.0.1', uplinks: [] });

/** The certificate that an edge's state holds. */
function certificateOf(state: string): X509Certificate {
  return new X509Certificate(JSON.parse(readFileSync(join(state, 'identity.json'), 'utf8')).certificate);
}

describe('enrolment', { skip: skipWithoutRoot }, () => {
  let controller: TestController;
  before(async () => {
    enterOwnNamespace();
    controller = await TestController.start(
      ['127.0.0.1'],
      ['good', 'used', 'expired', 'pinned', 'again', 'aging', 'lapsed'].map(plan),
    );
  });
  after(() => controller?.close());

  test('a good token leaves an identity that only root may read, and the key stays here', async (context) => {
    const state = freshState(context);
    const { code, output } = await edge('enrol', '--state', state, controller.token('good'));
    assert.equal(code, 0);
    assert.match(output, /Enrolled as good/);
    const path = join(state, 'identity.json');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(JSON.parse(readFileSync(path, 'utf8')).privateKey, /BEGIN PRIVATE KEY/);
  });

  test('a second enrolment on the same machine is refused before the token is spent', async (context) => {
    const state = freshState(context);
    await edge('enrol', '--state', state, controller.token('again'));
    const { code, error } = await edge('enrol', '--state', state, controller.token('pinned'));
    assert.equal(code, 2);
    assert.match(error, /holds the identity of again already/);
    assert.equal(controller.edge('pinned').isUsed, false);
  });

  const refused = async (context: TestContext, token: string, expected: { code: number; error: RegExp }) => {
    const state = freshState(context);
    const { code, error } = await edge('enrol', '--state', state, token);
    assert.match(error, expected.error);
    assert.equal(error.trim().split('\n').length, 1, 'one message');
    assert.equal(code, expected.code);
    assert.equal(existsSync(join(state, 'identity.json')), false, 'nothing is half-written');
  };

  test('a text that is no token is told so', (context) =>
    refused(context, controller.token('good').slice(0, -20), { code: 2, error: /not an enrolment token/ }));

  test('a token that was used says so', async (context) => {
    controller.edge('used').isUsed = true;
    await refused(context, controller.token('used'), { code: 3, error: /used already/ });
  });

  test('a token that expired says so', async (context) => {
    controller.edge('expired').isExpired = true;
    await refused(context, controller.token('expired'), { code: 3, error: /expired/ });
  });

  test('a controller that shows another certificate never sees the secret', async (context) => {
    await refused(context, controller.tokenWithWrongPin('pinned'), {
      code: 3,
      error: /does not name; nothing was sent/,
    });
    assert.equal(controller.edge('pinned').isUsed, false);
  });

  test('a controller that is not there says where it was looked for', async (context) => {
    const token = controller.token('pinned');
    await controller.close();
    await refused(context, token, { code: 4, error: /cannot be reached \(https:\/\/127\.0\.0\.1:/ });
    await controller.listen();
  });

  test('without the right to manage the network there is one message that says what to do', (context) => {
    const state = freshState(context);
    const command = [
      '--bounding-set',
      '-all',
      '--inh-caps',
      '-all',
      '--',
      process.execPath,
      main,
      'run',
      '--state',
      state,
    ];
    const { status, stderr } = spawnSync('setpriv', command, { encoding: 'utf8' });
    assert.equal(status, 5);
    assert.match(stderr, /^patronus edge: no right to manage the network .* run as root/);
  });

  test('without an identity and a token, run says how to get one', async (context) => {
    const { code, error } = await edge('run', '--state', freshState(context));
    assert.equal(code, 2);
    assert.match(error, /holds no identity yet; add the site in the dashboard/);
  });

  const renews = async (context: TestContext, id: string, hours: number) => {
    const state = freshState(context);
    controller.edgeCertificateHours = hours;
    await edge('enrol', '--state', state, controller.token(id));
    const before = certificateOf(state);
    const child = spawn(process.execPath, [main, 'run', '--state', state], { stdio: 'ignore' });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    try {
      await eventually('a new certificate', () => certificateOf(state).serialNumber !== before.serialNumber);
      assert.ok(certificateOf(state).publicKey.equals(before.publicKey), 'for the same key');
      await eventually('it is connected', () => controller.heard(id, 'hello').length > 0);
    } finally {
      child.kill('SIGTERM');
      await gone;
    }
  };

  test('a certificate past two thirds of its life is renewed over the channel', async (context) => {
    await renews(context, 'aging', 6);
    assert.ok(controller.renewals.overChannel > 0);
    assert.equal(controller.renewals.byProof, 0);
  });

  test('one that expired is renewed with proof of its key, and only then may the edge connect', async (context) => {
    await renews(context, 'lapsed', -1);
    assert.equal(controller.renewals.byProof, 1);
  });
});
