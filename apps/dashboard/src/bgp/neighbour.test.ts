import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addInput, changeOf, draftOf, type EditableNeighbour, resetReasons } from './neighbour.ts';

const core: EditableNeighbour = {
  ...{ id: 'bgp_1', edge: { id: 'edge_1' }, name: 'core', address: '10.1.0.2', remoteAs: 65_001, interface: 'lan0' },
  ...{ hasKey: true, passive: false, holdSeconds: 9, keepaliveSeconds: null, gtsm: true, bfd: false },
  ...{ maxPrefixes: 100, restartAfterSeconds: 60 },
  import: { everything: false, prefixes: ['172.16.0.0/12-24'], communities: ['65000:1'], localPreference: 200 },
  export: null,
};

test('what is opened and saved as it was changes nothing', () => {
  assert.deepEqual(changeOf(draftOf(core), core), {});
});

test('only what is another now is sent, with null for what is taken away', () => {
  const draft = { ...draftOf(core), name: ' core 2 ', interface: '', keepaliveSeconds: 3 };
  assert.deepEqual(changeOf(draft, core), { name: 'core 2', interface: null, keepaliveSeconds: 3 });
});

test('a policy goes as a whole, and as null where nothing passes', () => {
  const before = draftOf(core);
  const wider = { ...before.import, prefixes: ['172.16.0.0/12-24', '10.9.0.0/16'] };
  assert.deepEqual(changeOf({ ...before, import: wider }, core).import, {
    ...{ everything: false, communities: ['65000:1'], localPreference: 200 },
    prefixes: [
      { prefix: '172.16.0.0/12', longest: 24 },
      { prefix: '10.9.0.0/16', longest: null },
    ],
  });
  assert.deepEqual(changeOf({ ...before, import: { ...before.import, passes: 'nothing' } }, core), { import: null });
  const all = changeOf({ ...before, export: { ...before.export, passes: 'everything' } }, core);
  assert.deepEqual(all, {
    export: { everything: true, prefixes: null, communities: [], localPreference: null },
  });
});

test('a key that is set stays until another is typed, or somebody says that it goes', () => {
  assert.ok(!('key' in changeOf({ ...draftOf(core), name: 'core 2' }, core)));
  assert.deepEqual(changeOf({ ...draftOf(core), key: 'staple' }, core), { key: 'staple' });
  assert.deepEqual(changeOf({ ...draftOf(core), key: 'staple', removesKey: true }, core), { key: null });
});

test('a new neighbour says everything of itself', () => {
  const draft = { ...draftOf(undefined), edgeId: 'edge_1', name: 'core', address: '10.1.0.2', remoteAs: 65_001 };
  const everything = { everything: true, prefixes: null, communities: [], localPreference: null };
  assert.deepEqual(addInput(draft), {
    ...{ edgeId: 'edge_1', name: 'core', address: '10.1.0.2', remoteAs: 65_001, interface: null, key: null },
    ...{ import: everything, export: everything, maxPrefixes: 10_000, holdSeconds: 90, keepaliveSeconds: null },
    ...{ restartAfterSeconds: 300, passive: false, gtsm: false, bfd: false },
  });
});

test('a session ends for what its OPEN or its connection says, and for nothing else', () => {
  const before = draftOf(core);
  const quiet = {
    name: 'core 2',
    maxPrefixes: 5,
    restartAfterSeconds: 9,
    keepaliveSeconds: 2,
    passive: true,
    bfd: true,
  };
  const policies = { import: { ...before.import, passes: 'nothing' as const }, export: before.import };
  assert.deepEqual(resetReasons(changeOf({ ...before, ...quiet, ...policies }, core)), []);
  const loud = {
    address: '10.1.0.3',
    remoteAs: 65_002,
    interface: 'lan1',
    holdSeconds: 30,
    gtsm: false,
    key: 'staple',
  };
  for (const [field, value] of Object.entries(loud)) {
    assert.equal(resetReasons(changeOf({ ...before, [field]: value }, core)).length, 1, field);
  }
});
