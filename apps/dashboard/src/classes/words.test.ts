import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codePoints, formatBytes, type Match, matchWords, ratioWords } from './words.ts';

const everything: Match = { protocol: null, ports: [], sources: [], destinations: [], dscp: [] };

test('a match reads as a person would say it', () => {
  assert.equal(matchWords(everything), 'every packet');
  assert.equal(matchWords({ ...everything, protocol: 'tcp', ports: ['443', '8000-8099'] }), 'TCP 443, 8000–8099');
  assert.equal(matchWords({ ...everything, ports: ['873'] }), 'port 873');
  assert.equal(matchWords({ ...everything, ports: ['1-9', '20'] }), 'ports 1–9, 20');
  assert.equal(matchWords({ ...everything, sources: ['10.1.0.0/16'] }), 'everything from 10.1.0.0/16');
  assert.equal(
    matchWords({ protocol: 'udp', ports: [], sources: ['10.1.0.0/16'], destinations: ['10.2.0.0/16'], dscp: [46] }),
    'UDP from 10.1.0.0/16 to 10.2.0.0/16, DSCP 46',
  );
  assert.equal(matchWords({ ...everything, dscp: [8, 10] }), 'DSCP 8, 10');
});

test('a ratio is a share of what was there, and nothing before the first byte', () => {
  assert.equal(ratioWords(0, 0), '–');
  assert.equal(ratioWords(1_000, 583), '58 %');
});

test('bytes keep three digits', () => {
  assert.deepEqual([0, 999, 1_000, 12_345, 999_600].map(formatBytes), [
    '0 B',
    '999 B',
    '1.00 kB',
    '12.3 kB',
    '1.00 MB',
  ]);
});

test('code points are numbers, and nothing else is', () => {
  assert.deepEqual(codePoints(['46', ' 8', 'ef', '1.5']), [46, 8]);
});
