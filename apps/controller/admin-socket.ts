/** The admin socket's path: bound through /proc when it is longer than a socket address holds (108 bytes, unix(7)). */
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname } from 'node:path';

const LONGEST = 100;

export interface SocketAddress {
  readonly path: string;
  done(): void;
}

export function socketAddress(path: string): SocketAddress {
  if (Buffer.byteLength(path) <= LONGEST) return { path, done: () => {} };
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, done: () => closeSync(folder) };
}

/** True when a controller answers there; a socket nobody listens on is removed. */
export async function isInUse(path: string): Promise<boolean> {
  let address: SocketAddress;
  try {
    address = socketAddress(path);
  } catch {
    return false;
  }
  const answers = await new Promise<boolean>((resolve) => {
    const probe = connect(address.path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
  address.done();
  if (!answers) rmSync(path, { force: true });
  return answers;
}
