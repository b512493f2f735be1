import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';

const main = join(import.meta.dirname, '..', 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'patronus-bgp-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function bgp(words: readonly string[], input: string | Uint8Array = '') {
  const options = { input, timeout: 30_000, encoding: 'utf8' } as const;
  return spawnSync(process.execPath, [main, 'bgp', ...words], options);
}

const marker = 'ff'.repeat(16);
const endOfRib = `${marker}00170200000000`;

/** MRT: a state change, then an UPDATE that withdraws 10.0.0.0/8, of the peer 192.0.2.1 in AS 64500. */
function mrt(): Buffer {
  const peer = 'fbf4' + 'fbf5' + '0000' + '0001' + 'c0000201' + 'c0000202';
  const update = `${marker}0019020002080a0000`;
  return Buffer.concat(
    [
      [0, `${peer}00050006`],
      [1, peer + update],
    ].map(([subtype, body]) => {
      const header = Buffer.alloc(12);
      header.writeUInt32BE(1_700_000_000);
      header.writeUInt16BE(16, 4);
      header.writeUInt16BE(subtype as number, 6);
      header.writeUInt32BE((body as string).length / 2, 8);
      return Buffer.concat([header, Buffer.from(body as string, 'hex')]);
    }),
  );
}

test('decode turns each line of hex into one line of JSON', () => {
  const { status, stdout } = bgp(
    ['decode'],
    `# end of table\n${endOfRib.toUpperCase()}\n\nff:${endOfRib.slice(2)}\n${marker}001304`,
  );
  assert.equal(status, 0);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.map(({ type, endOfRib: family }) => [type, family]),
    [
      ['update', 'ipv4 unicast'],
      ['update', 'ipv4 unicast'],
      ['keepalive', undefined],
    ],
  );
});

test('decode tells a verdict with code and subcode, and which line was no hex', () => {
  const { status, stdout } = bgp(['decode'], `${marker}001309\nhello\n`);
  assert.equal(status, 1);
  const [verdict, wrong] = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([verdict.verdict, verdict.code, verdict.subcode], ['session-reset', 1, 3]);
  assert.equal(wrong.error, 'line 2 is no hex');
});

test('decode reads with what was agreed on: AS numbers of two bytes, identifiers, an external peer', () => {
  // ORIGIN, AS_PATH of one two-byte number, NEXT_HOP, LOCAL_PREF; 198.51.100.0/24 with identifier 7.
  const attributes = '40010100' + '4002040201fbf4' + '400304c0000201' + '40050400000064';
  const body = `0000${(attributes.length / 2).toString(16).padStart(4, '0')}${attributes}0000000718c63364`;
  const message = `${marker}${(19 + body.length / 2).toString(16).padStart(4, '0')}02${body}`;
  const { stdout } = bgp(['decode', '--no-as4', '--add-path', 'ipv4', '--external'], message);
  const told = JSON.parse(stdout);
  assert.equal(told.attributes['as-path'], '64500');
  assert.deepEqual(told.announced[0].routes, [{ prefix: '198.51.100.0/24', pathId: 7 }]);
  assert.equal(told.verdict, 'attribute-discard');
  assert.equal(told.complaints[0].attribute, 'local-pref');
  assert.match(bgp(['decode', '--add-path', 'ipv5']).stderr, /--add-path ipv5: no family; say ipv4 or ipv6/);
});

test('mrt prints records as text and as JSON, packed or not', () => {
  const plain = join(folder, 'updates');
  writeFileSync(plain, mrt());
  writeFileSync(`${plain}.gz`, gzipSync(mrt()));
  const text = 'BGP4MP|1700000000|STATE|192.0.2.1|64500|5|6\nBGP4MP|1700000000|W|192.0.2.1|64500|10.0.0.0/8\n';
  assert.equal(bgp(['mrt', '--text', plain]).stdout, text);
  assert.equal(bgp(['mrt', '--text', `${plain}.gz`]).stdout, text);
  assert.equal(bgp(['mrt', '--text', '-'], gzipSync(mrt())).stdout, text);
  const [state, message] = bgp(['mrt', plain])
    .stdout.trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([state.kind, state.from, state.to], ['state', 'OpenConfirm', 'Established']);
  assert.deepEqual(message.message.withdrawn, [{ family: 'ipv4 unicast', routes: ['10.0.0.0/8'] }]);
});

test('mrt tells what it cannot read, and keeps what came before', () => {
  const cut = join(folder, 'cut');
  writeFileSync(cut, mrt().subarray(0, -3));
  const { status, stdout, stderr } = bgp(['mrt', '--text', cut]);
  assert.equal(status, 1);
  assert.match(stdout, /STATE/);
  assert.match(stderr, /cut: it ends within the record that begins at byte 32/);
  const packed = join(folder, 'cut.gz');
  writeFileSync(packed, gzipSync(mrt()).subarray(0, -12));
  assert.match(bgp(['mrt', packed]).stderr, /cut\.gz cannot be read: unexpected end of file/);
  assert.match(bgp(['mrt', join(folder, 'none')]).stderr, /none cannot be read: ENOENT/);
});

test('--help teaches by examples', () => {
  for (const verb of ['decode', 'mrt']) assert.match(bgp([verb, '--help']).stdout, /Examples:\n {2}\$ /);
});
