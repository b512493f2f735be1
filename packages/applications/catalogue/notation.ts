/** How the catalogue's pages are written: one line an application, ports as `tcp/22` or `udp/16384-32767`. */
import type { Application, PortRange } from '../application.ts';

interface Known {
  readonly ports?: string;
  readonly names?: string;
  readonly prefixes?: string;
}

/** Lists are words with spaces between. Throws on a port that cannot be read: the catalogue is ours. */
export function application(id: string, name: string, { ports = '', names = '', prefixes = '' }: Known): Application {
  return { id, name, ports: words(ports).map(portRange), names: words(names), prefixes: words(prefixes) };
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function portRange(text: string): PortRange {
  const [, transport, first, last] = /^(tcp|udp)\/(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (first === undefined) throw new Error(`${text} is no port: write tcp/22 or udp/16384-32767`);
  return { protocol: transport === 'tcp' ? 6 : 17, first: Number(first), last: Number(last ?? first) };
}
