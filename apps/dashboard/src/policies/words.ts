/** Policies in words, and what people type about them. */
import { formatMs } from '../format/time.ts';
import { dscpName } from './dscp.ts';

interface Named {
  readonly name: string;
}

export interface Match {
  readonly protocol: string | null;
  readonly ports: readonly string[];
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  readonly dscp: readonly number[];
  readonly sourceSites: readonly Named[];
  readonly destinationSites: readonly Named[];
  readonly applications: readonly Named[];
}

/** `TCP 443, 8000–8099 from 10.1.0.0/16 to berlin, DSCP EF`; what holds for every packet says so. */
export function matchWords(match: Match): string {
  const { protocol, ports, dscp, applications } = match;
  const range = (text: string) => text.replace('-', '–');
  const port = ports.length === 1 && !ports[0]!.includes('-') ? 'port' : 'ports';
  const numbers = ports.map(range).join(', ');
  const transport = protocol ? `${protocol.toUpperCase()} ${numbers}`.trim() : numbers && `${port} ${numbers}`;
  const what = [eitherOf(applications.map(({ name }) => name)), transport].filter(Boolean).join(' over ');
  const from = [...match.sourceSites.map(({ name }) => name), ...match.sources];
  const to = [...match.destinationSites.map(({ name }) => name), ...match.destinations];
  const parts = [
    what || (from.length + to.length > 0 ? 'everything' : ''),
    from.length > 0 ? `from ${from.join(', ')}` : '',
    to.length > 0 ? `to ${to.join(', ')}` : '',
  ].filter(Boolean);
  const marked = dscp.length > 0 ? `DSCP ${dscp.map(dscpName).join(', ')}` : '';
  return [parts.join(' '), marked].filter(Boolean).join(', ') || 'every packet';
}

/** `Zoom`, `Zoom or Teams`, `Zoom, Teams or Webex`. */
function eitherOf(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

export interface PathWish {
  readonly mode: 'BEST' | 'ORDERED' | 'CHEAPEST' | 'BALANCE' | 'DUPLICATE' | 'FEC';
  readonly labels: readonly string[];
  readonly weights: readonly { readonly label: string; readonly weight: number }[];
}

/** `mpls, then internet`; `internet 3 : lte 1`; one or two words for the modes without labels. */
export function pathWords({ mode, labels, weights }: PathWish): string {
  switch (mode) {
    case 'BEST':
      return 'best path';
    case 'ORDERED':
      return labels.join(', then ');
    case 'CHEAPEST':
      return 'cheapest path';
    case 'BALANCE':
      return `balanced ${weights.map(({ label, weight }) => `${label} ${weight}`).join(' : ')}`;
    case 'DUPLICATE':
      return 'duplicated';
    case 'FEC':
      return 'error correction';
  }
}

export interface Bounds {
  readonly roundTripMs: number | null;
  readonly jitterMs: number | null;
  readonly lossPercent: number | null;
  readonly mos: number | null;
}

/** `round trip ≤ 150 ms · jitter ≤ 30 ms · loss ≤ 1 % · MOS ≥ 3.6`. */
export function boundWords({ roundTripMs, jitterMs, lossPercent, mos }: Bounds): string {
  return [
    ...(roundTripMs === null ? [] : [`round trip ≤ ${plainMs(roundTripMs)}`]),
    ...(jitterMs === null ? [] : [`jitter ≤ ${plainMs(jitterMs)}`]),
    ...(lossPercent === null ? [] : [`loss ≤ ${plainNumber(lossPercent)} %`]),
    ...(mos === null ? [] : [`MOS ≥ ${plainNumber(mos)}`]),
  ].join(' · ');
}

/** A bound that somebody typed, without decimals they did not type. */
function plainMs(ms: number): string {
  return Number.isInteger(ms) ? `${ms} ms` : formatMs(ms);
}

/** Without what binary fractions leave behind: 0.01 × 100 is 1. */
function plainNumber(value: number): string {
  return String(Number(value.toFixed(3)));
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

/** `1,234`, and from a million on `1.23 M`: counters that move stay narrow. */
export function formatCount(count: number): string {
  if (count < 999_500) return Math.round(count).toLocaleString('en');
  const units = ['M', 'G', 'T'];
  let unit = 0;
  let scaled = count / 1e6;
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${scaled.toPrecision(3)} ${units[unit]}`;
}
