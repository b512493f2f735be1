import { doesNotThrow, equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { getOperationAST, parse } from 'graphql';
import { measure } from './limits.ts';

function measured(query: string): Set<string> {
  const document = parse(query);
  return measure(document, getOperationAST(document)!);
}

test('the root fields of an operation are found through fragments', () => {
  const roots = measured(
    'query { a: sites { totalCount } ...f ... { me { id } } } fragment f on Query { overview { activeAlarms } }',
  );
  equal([...roots].sort().join(), 'me,overview,sites');
});

test('what a dashboard asks for is well within the limits', () => {
  doesNotThrow(() =>
    measured(`{ sites(first: 500) { totalCount edges { node { id name state tunnelCounts { up total } uplinks { id label state } } } }
      tunnels(first: 500) { edges { node { id state roundTripMs a { site { id name } uplink { label } } b { site { id name } uplink { label } } } } } }`),
  );
});

test('a page, a list and a history multiply what they hold', () => {
  throws(() => measured('{ sites(first: 1000) { edges { node { tunnels { history { at state roundTripMs } } } } } }'), {
    code: 'QUERY_TOO_LARGE',
  });
});

test('depth is counted through fragments', () => {
  const fragments = Array.from(
    { length: 20 },
    (_, level) => `fragment f${level} on Site { edges { site { ...f${level + 1} } } }`,
  );
  throws(
    () => measured(`{ site(id: "x") { ...f0 } } ${fragments.join(' ')} fragment f20 on Site { id }`),
    /deeper than/,
  );
});
