/**
 * One end of a transfer over TCP: `receive PORT`, or `send ADDRESS PORT FILE`. The sender tells, as JSON, how long it took
 * until the receiver had everything and said so, and whether it was what was sent.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

const [role, ...words] = process.argv.slice(2);

if (role === 'receive') {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    socket.on('data', (chunk) => hash.update(chunk));
    socket.on('end', () => socket.end(hash.digest('hex')));
    socket.on('close', () => server.close());
  });
  server.listen(Number(words[0]), () => process.stdout.write('listening\n'));
} else {
  const [address, port, file] = words as [string, string, string];
  const content = readFileSync(file);
  const expected = createHash('sha256').update(content).digest('hex');
  const socket = connect(Number(port), address);
  let answer = '';
  let start = 0;
  socket.on('connect', () => {
    start = performance.now();
    socket.end(content);
  });
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  socket.on('end', () => {
    const seconds = (performance.now() - start) / 1_000;
    process.stdout.write(`${JSON.stringify({ seconds, isIntact: answer === expected })}\n`);
  });
}
