/** What a command needs of the machine before it does anything. */
import { exitCodes, LabError } from './errors.ts';

export function requireRoot(verb: string): void {
  if (process.getuid?.() === 0) return;
  throw new LabError(
    'lab.needs_root',
    `patronus lab ${verb} needs root, because it makes network namespaces; run it as root, for example with sudo`,
    exitCodes.needsRoot,
  );
}

export function requireLinux(): void {
  if (process.platform === 'linux') return;
  throw new LabError('lab.needs_linux', `the lab is made of Linux network namespaces; this is ${process.platform}`);
}
