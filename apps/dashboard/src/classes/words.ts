/** Traffic classes in words, and what people type about them. */

export interface Match {
  readonly protocol: string | null;
  readonly ports: readonly string[];
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly dscp: readonly number[];
}

/** `TCP 443, 8000–8099 from 10.1.0.0/16 to 10.2.0.0/16, DSCP 46`; what holds for every packet says so. */
export function matchWords({ protocol, ports, sources, destinations, dscp }: Match): string {
  const range = (text: string) => text.replace('-', '–');
  const port = ports.length === 1 && !ports[0]!.includes('-') ? 'port' : 'ports';
  const numbers = ports.map(range).join(', ');
  const what = protocol ? `${protocol.toUpperCase()} ${numbers}`.trim() : numbers && `${port} ${numbers}`;
  const parts = [
    what || (sources.length + destinations.length > 0 ? 'everything' : ''),
    sources.length > 0 ? `from ${sources.join(', ')}` : '',
    destinations.length > 0 ? `to ${destinations.join(', ')}` : '',
  ].filter(Boolean);
  const marked = dscp.length > 0 ? `DSCP ${dscp.join(', ')}` : '';
  return [parts.join(' '), marked].filter(Boolean).join(', ') || 'every packet';
}

/** What became of so many bytes, as a share; a dash before the first. */
export function ratioWords(before: number, after: number): string {
  return before > 0 ? `${Math.round((after / before) * 100)} %` : '–';
}

/** Bytes in decimal units, three digits. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let scaled = bytes;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? scaled.toFixed(0) : scaled.toPrecision(3)} ${units[unit]}`;
}

/** Code points as numbers; what is no number stays for the controller to refuse at its field. */
export function codePoints(texts: readonly string[]): number[] {
  return texts.map((text) => (/^\d+$/.test(text.trim()) ? Number(text) : Number.NaN)).filter(Number.isInteger);
}
