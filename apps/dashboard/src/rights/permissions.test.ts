import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { actions, mayDo } from './permissions.ts';

const roles = ['VIEWER', 'OPERATOR', 'ADMINISTRATOR'] as const;
const groups: Readonly<Record<string, readonly string[]>> = {
  everyone: roles,
  people: roles,
  operators: ['OPERATOR', 'ADMINISTRATOR'],
  administrators: ['ADMINISTRATOR'],
};

test('a viewer is offered nothing that changes the network', () => {
  assert.deepEqual(
    actions.filter((action) => mayDo('VIEWER', action)),
    [],
  );
});

test('an operator may do all but what cannot be undone', () => {
  assert.deepEqual(
    actions.filter((action) => !mayDo('OPERATOR', action)),
    ['site.remove', 'edge.revoke'],
  );
});

test('every role is offered exactly what the controller lets it do', () => {
  const controllers = readFileSync(new URL('../../../controller/services/permissions.ts', import.meta.url), 'utf8');
  for (const action of actions) {
    const group = new RegExp(`'${action}': (\\w+),`).exec(controllers)?.[1];
    assert.ok(group !== undefined && group in groups, `the controller's table says nothing we know of ${action}`);
    for (const role of roles) assert.equal(mayDo(role, action), groups[group]?.includes(role), `${role}: ${action}`);
  }
});
