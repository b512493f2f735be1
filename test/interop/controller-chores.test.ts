/** What a controller does by itself while it runs, with a clock that the test sets. */
import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ConnectionOptions, connect, type PeerCertificate } from 'node:tls';
import { backupsOf } from '../../apps/controller/store/backup.ts';
import { connectEdge, siteWithEdge, startTestController } from './fixtures/controller.ts';

const limit = { timeout: 30_000 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The certificate a port shows; its dates are not judged, because the test's clock runs ahead of the system's. */
function shown(port: number, options: ConnectionOptions = {}): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

test('a backup is made at the start and when the last one is a day old, and ten are kept', limit, async (t) => {
  let offset = 0;
  const { running, directory } = await startTestController(t, { now: () => Date.now() + offset });
  equal(backupsOf(directory).length, 1);
  offset = 23 * HOUR_MS;
  await running.doChores();
  equal(backupsOf(directory).length, 1);
  offset = 25 * HOUR_MS;
  await running.doChores();
  const [newest] = backupsOf(directory);
  equal(backupsOf(directory).length, 2);
  equal(statSync(newest!).mode & 0o777, 0o600);
  await running.doChores();
  equal(backupsOf(directory).length, 2, 'the next one is a day away');
  for (let day = 3; day < 16; day++) {
    offset = day * DAY_MS;
    await running.doChores();
  }
  equal(backupsOf(directory).length, 10);
});

test(
  'certificates are renewed while it runs, thirty days before they end, and edges stay connected',
  limit,
  async (t) => {
    let offset = 0;
    const controller = await startTestController(t, { now: () => Date.now() + offset });
    const { running, port } = controller;
    const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
    const { key, answer } = berlin.identity;
    const edgeLook = { key, cert: answer.certificate };
    const look = async () => [(await shown(port)).serialNumber, (await shown(running.edgePort, edgeLook)).serialNumber];
    const first = await look();
    offset = 366 * DAY_MS;
    await running.doChores();
    deepEqual(await look(), first);
    offset = 368 * DAY_MS;
    await running.doChores();
    const second = await look();
    for (const [index, serial] of second.entries()) notEqual(serial, first[index]);
    for (const certificate of [await shown(port), await shown(running.edgePort, edgeLook)]) {
      ok(Date.parse(certificate.valid_to) > Date.now() + offset + 360 * DAY_MS);
    }
    berlin.edge.say({ type: 'ping', id: 1 });
    await berlin.edge.hear('pong');
  },
);

test('a renewed listener is as strict as before', limit, async (t) => {
  const controller = await startTestController(t);
  const { running } = controller;
  const berlin = await siteWithEdge(t, controller, 'Berlin', 1);
  await running.doChores();
  const { key, answer } = berlin.identity;
  const old: ConnectionOptions = { key, cert: answer.certificate, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' };
  await rejects(shown(running.edgePort, old), /protocol version/);
  await berlin.edge.close();
  const again = await connectEdge(t, controller, berlin.identity, { continuation: berlin.continuation });
  await again.hear('welcome');
});

test('a backup that fails is told in the log and does not keep certificates from being renewed', limit, async (t) => {
  let offset = 0;
  const controller = await startTestController(t, { now: () => Date.now() + offset });
  const { running, directory, port } = controller;
  const before = await shown(port);
  const folder = join(directory, 'backups');
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'in the way');
  offset = 368 * DAY_MS;
  await running.doChores();
  notEqual((await shown(port)).serialNumber, before.serialNumber);
  match(controller.log(), /the daily backup failed; it is tried again in an hour/);
  rmSync(folder);
  mkdirSync(folder);
  await running.doChores();
  equal(backupsOf(directory).length, 1);
});
