/** An edge whose first uplink is of no use at the moment it matters: when it enrols, and when it applies. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { buildWorld } from './fixtures/edgeWorld.ts';
import { enterOwnNamespace, eventually, skipWithoutRoot } from './ownNamespace.ts';

describe('a gateway whose first uplink is dead', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('enrols, connects and applies over the other', async (context) => {
    const { controller, gateways } = await buildWorld(context, 1);
    const [gateway] = gateways;
    assert.ok(gateway !== undefined);
    gateway.cut('ptinternet');
    assert.match(gateway.ip('route', 'get', '192.0.2.1'), /ptinternet/, 'the main routes lead into the dead one');
    gateway.start(['--token', controller.token(gateway.id)]);
    await eventually('each uplink has a way of its own', () => gateway.ip('rule').includes('5185'));
    await eventually('it is enrolled', () => controller.edge(gateway.id).isUsed);
    await eventually('it has confirmed', () => controller.heard(gateway.id, 'confirmed').length > 0);
    assert.match(gateway.status()?.controller.way ?? '', /over lte$/);
    assert.match(gateway.ip('route', 'show', 'table', '51811'), /default via 198\.19\.1\.1 dev ptlte/);
  });
});
