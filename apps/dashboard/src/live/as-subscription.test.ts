import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, print } from 'graphql';
import { asSubscription } from './as-subscription.ts';

test('a query becomes a subscription by its keyword alone', () => {
  const document = parse('query Sites($first: Int) { sites(first: $first) { ...Rows } } fragment Rows on Sites { id }');
  const turned = print(asSubscription(document));
  assert.equal(turned, print(document).replace('query Sites', 'subscription Sites'));
});

test('the same document always gives the same subscription', () => {
  const document = parse('query { sites { id } }');
  assert.equal(asSubscription(document), asSubscription(document));
});

test('the original document stays a query', () => {
  const document = parse('query { sites { id } }');
  asSubscription(document);
  assert.match(print(document), /^{/);
});

test('a query of two root fields is refused with what to do', () => {
  assert.throws(() => asSubscription(parse('query Both { sites { id } tunnels { id } }')), /Both.*split it/);
});
