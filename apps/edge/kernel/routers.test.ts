import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BfdPeerConfiguration } from '@patronus/protocol';
import { type RouterChange, Routers } from './routers.ts';
import type { UplinkView } from './uplinks.ts';

const uplink = (id: string): UplinkView => ({
  ...{
    id,
    label: id,
    interface: `${id}0`,
    port: 1,
    number: 0,
    interfaceIndex: 2,
    isUp: true,
    addresses: [],
    exits: {},
  },
});
const uplinks = [uplink('wan'), uplink('lte')];
const peer = (id: string, name: string): BfdPeerConfiguration => ({
  ...{ id, address: '192.0.2.1', interface: name, multihop: false, intervalMs: 50, multiplier: 3 },
  ...{ authentication: null, passive: false },
});
const change = (id: string, state: RouterChange['state'], more: Partial<RouterChange> = {}): RouterChange => ({
  ...{ type: 'bfdPeerState', id, state, previous: 'up', remoteState: 'up', reason: '', atMs: 0, ...more },
});
const up = (routers: Routers) => routers.view(uplinks).map(({ isUp }) => isUp);

test('an uplink is down while every router that it was given is', () => {
  const routers = new Routers();
  routers.configure([peer('one', 'wan0'), peer('two', 'wan0'), peer('lan', 'lan0')]);
  assert.deepEqual(up(routers), [true, true], 'a session that never said anything says nothing');
  assert.equal(routers.heard(change('one', 'down')), true);
  routers.heard(change('lan', 'down'));
  assert.deepEqual(up(routers), [true, true]);
  routers.heard(change('two', 'down'));
  assert.deepEqual(up(routers), [false, true]);
  assert.equal(routers.heard(change('one', 'init', { previous: 'down' })), false, 'on its way is not there yet');
  assert.deepEqual(up(routers), [false, true]);
  assert.equal(routers.heard(change('one', 'up', { previous: 'init' })), true);
  assert.deepEqual(up(routers), [true, true]);
});

test('a path is withdrawn also when its router switches the session off, and forgotten with its peer', () => {
  const routers = new Routers();
  routers.configure([peer('one', 'wan0')]);
  routers.heard(change('one', 'down', { remoteState: 'adminDown' }));
  assert.deepEqual(up(routers), [false, true]);
  routers.configure([]);
  assert.deepEqual(up(routers), [true, true]);
  assert.equal(routers.heard(change('one', 'down')), false, 'of a peer that is no more nothing is heard');
});
