import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dscpChoices, dscpName } from './dscp.ts';
import { boundWords, formatBytes, formatCount, type Match, matchWords, pathWords, ratioWords } from './words.ts';

const everything: Match = {
  ...{ protocol: null, ports: [], sources: [], destinations: [], dscp: [] },
  ...{ sourceSites: [], destinationSites: [], applications: [] },
};

test('a match reads as a person would say it', () => {
  assert.equal(matchWords(everything), 'every packet');
  assert.equal(matchWords({ ...everything, protocol: 'tcp', ports: ['443', '8000-8099'] }), 'TCP 443, 8000–8099');
  assert.equal(matchWords({ ...everything, ports: ['873'] }), 'port 873');
  assert.equal(matchWords({ ...everything, ports: ['1-9', '20'] }), 'ports 1–9, 20');
  assert.equal(matchWords({ ...everything, sources: ['10.1.0.0/16'] }), 'everything from 10.1.0.0/16');
  assert.equal(
    matchWords({
      ...everything,
      ...{ protocol: 'udp', sources: ['10.1.0.0/16'], destinations: ['10.2.0.0/16'], dscp: [46] },
    }),
    'UDP from 10.1.0.0/16 to 10.2.0.0/16, DSCP EF',
  );
  assert.equal(matchWords({ ...everything, dscp: [8, 9] }), 'DSCP CS1, 9');
});

test('a match names applications and sites as they are called', () => {
  const applications = [{ name: 'Zoom' }, { name: 'Teams' }];
  assert.equal(matchWords({ ...everything, applications }), 'Zoom or Teams');
  assert.equal(
    matchWords({ ...everything, applications, protocol: 'udp', sourceSites: [{ name: 'berlin' }] }),
    'Zoom or Teams over UDP from berlin',
  );
  assert.equal(
    matchWords({ ...everything, destinationSites: [{ name: 'tokyo' }], destinations: ['10.9.0.0/24'] }),
    'everything to tokyo, 10.9.0.0/24',
  );
});

test('a path preference reads in the order in which it is asked', () => {
  const plain = { labels: [], weights: [] };
  assert.equal(pathWords({ ...plain, mode: 'BEST' }), 'best path');
  assert.equal(pathWords({ ...plain, mode: 'ORDERED', labels: ['mpls', 'lte'] }), 'mpls, then lte');
  assert.equal(
    pathWords({
      ...{ mode: 'BALANCE', labels: [] },
      weights: [
        { label: 'internet', weight: 3 },
        { label: 'lte', weight: 1 },
      ],
    }),
    'balanced internet 3 : lte 1',
  );
});

test('bounds are said as they were typed, and only those that there are', () => {
  const bounds = { roundTripMs: 150, jitterMs: 2.5, lossPercent: 0.07 * 100, mos: 3.6 };
  assert.equal(boundWords(bounds), 'round trip ≤ 150 ms · jitter ≤ 2.5 ms · loss ≤ 7 % · MOS ≥ 3.6');
  assert.equal(boundWords({ roundTripMs: null, jitterMs: null, lossPercent: 1, mos: null }), 'loss ≤ 1 %');
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

test('counters are exact as long as they are narrow', () => {
  assert.deepEqual([0, 1_234, 999_499, 1_234_567, 2e9].map(formatCount), ['0', '1,234', '999,499', '1.23 M', '2.00 G']);
});

test('code points go by their names, those with one first', () => {
  assert.deepEqual([0, 10, 46, 1, 63].map(dscpName), ['CS0', 'AF11', 'EF', 'LE', '63']);
  assert.equal(dscpChoices.length, 64);
  assert.deepEqual(dscpChoices[0], { value: '0', label: '0 · CS0' });
  assert.deepEqual(dscpChoices.at(-1), { value: '63', label: '63' });
});
