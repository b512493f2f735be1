import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatEnrolmentToken, parseEnrolmentToken } from '@patronus/protocol';
import { reachableToken } from './edges.ts';
import { expectedTunnels } from './fabric-queries.ts';
import { layOut } from './layout.ts';
import { loadTopology } from './topology.ts';

const layout = layOut(loadTopology('three-sites'), 'lab', 0);

test('the default lab is to have twelve tunnels', () => {
  assert.equal(expectedTunnels(layout.sites), 12);
});

test('a token leads a gateway to the lab’s control address first, with the same secret and pin', () => {
  const token = { u: ['https://localhost:9443'], s: 'A'.repeat(43), p: ['0'.repeat(64)] };
  assert.deepEqual(parseEnrolmentToken(reachableToken(formatEnrolmentToken(token), layout)), {
    ...token,
    u: ['https://198.18.15.253:9443', 'https://localhost:9443'],
  });
});

test('something that is no token is refused', () => {
  assert.throws(() => reachableToken('pat1.nonsense', layout), /enrolment token that is none/);
});
