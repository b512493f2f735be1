import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, mayDo } from './permissions.ts';

const actions: readonly Action[] = [
  'setup.read',
  'session.create',
  'network.read',
  'schema.read',
  'audit.read',
  'site.add',
  'site.remove',
  'edge.revoke',
  'peer.add',
];

test('each role may do what the one before may, and more', () => {
  const allowed = (role: 'VIEWER' | 'OPERATOR' | 'ADMINISTRATOR' | undefined) =>
    actions.filter((action) => mayDo(role, action));
  deepEqual(allowed(undefined), ['setup.read', 'session.create']);
  deepEqual(allowed('VIEWER'), ['setup.read', 'session.create', 'network.read', 'schema.read']);
  deepEqual(allowed('OPERATOR'), [...allowed('VIEWER'), 'audit.read', 'site.add', 'peer.add']);
  deepEqual(allowed('ADMINISTRATOR'), actions);
});
