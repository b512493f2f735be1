import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignedOut, problemOf, spreadOverFields } from './problem.ts';

const refused = (extensions: Record<string, unknown>) =>
  problemOf({ message: '[GraphQL] no', graphQLErrors: [{ message: 'The site was not added.', extensions }] });

test('an error without an answer says that the controller does not answer', () => {
  const problem = problemOf({ message: '[Network] Failed to fetch', networkError: new TypeError() });
  assert.equal(problem.code, 'UNREACHABLE');
  assert.match(problem.message, /does not answer/);
});

test('the code and the message of the controller are kept', () => {
  const problem = refused({ code: 'PREFIX_TAKEN' });
  assert.deepEqual(problem, { code: 'PREFIX_TAKEN', message: 'The site was not added.', fields: {} });
});

test('a message begins like a sentence, but a name keeps its spelling', () => {
  const said = (message: string) => problemOf({ message, graphQLErrors: [{ message }] }).message;
  assert.equal(said('sign in first'), 'Sign in first');
  assert.equal(said('10.1.0.0/16 is taken'), '10.1.0.0/16 is taken');
  assert.equal(said('publicKey: 44 characters'), 'publicKey: 44 characters');
});

test('a missing session is told apart from other errors', () => {
  assert.ok(isSignedOut(refused({ code: 'UNAUTHENTICATED' })));
  assert.ok(!isSignedOut(refused({ code: 'FORBIDDEN' })));
});

test('field paths are brought to the spelling of forms', () => {
  const { fields } = refused({ fields: { 'input.name': 'a', 'uplinks[1].label': 'b', broken: 7 } });
  assert.deepEqual(fields, { name: 'a', 'uplinks.1.label': 'b' });
});

test('a message is shown at the field it belongs to, and then not above the form', () => {
  const isField = (path: string) => ['name', 'prefixes', 'uplinks.0.label'].includes(path);
  const problem = refused({ fields: { name: 'taken', 'prefixes.1': 'not a prefix', 'uplinks.0.label': 'empty' } });
  assert.deepEqual(spreadOverFields(problem, isField), {
    fields: { name: 'taken', prefixes: 'Not a prefix', 'uplinks.0.label': 'empty' },
    rest: null,
  });
});

test('what no field can show is shown above the form', () => {
  assert.equal(spreadOverFields(refused({ fields: { revision: 'stale' } }), () => false).rest, 'stale');
  assert.equal(spreadOverFields(refused({}), () => false).rest, 'The site was not added.');
});
