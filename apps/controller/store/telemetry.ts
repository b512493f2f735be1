/**
 * What the tunnels measured, in a file beside the configuration's: one blob a tick for the last hour, one blob a
 * minute for a week, both bounded in rows and bytes. Losing this file loses charts and nothing else, so a damaged one
 * is set aside and a new one begun.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { Logger } from 'pino';
import { StoreError } from './error.ts';
import { openFile } from './open.ts';

export const TICK_MS = 2_000;
const MINUTE_MS = 60_000;
const TICKS_KEPT_MS = 3_600_000;
const MINUTES_KEPT_MS = 7 * 24 * 3_600_000;
const BYTES_KEPT = 256 * 1024 * 1024;

export type TunnelStateWord = 'UP' | 'DOWN' | 'CONNECTING' | 'UNKNOWN';

/** One tunnel at one time: state, round trip (ms), loss (percent), bits a second from a to b and back. */
export type Sample = readonly [TunnelStateWord, number | null, number | null, number, number];
export type Tick = Readonly<Record<string, Sample>>;

export interface HistoryPoint {
  readonly at: number;
  readonly sample: Sample;
}

interface BlobRow {
  readonly at: number;
  readonly blob: Buffer;
}

export class TelemetryStore {
  readonly #raw: Database.Database;
  readonly #organisation: string;
  /** The last hour, decoded: what live charts read twice a second. */
  #recent: { at: number; tick: Tick }[] = [];
  #minute: { at: number; ticks: Tick[] } | undefined;

  constructor(raw: Database.Database, organisation: string, now: number) {
    this.#raw = raw;
    this.#organisation = organisation;
    raw.pragma('synchronous = NORMAL');
    for (const tier of ['tick', 'minute']) {
      raw.exec(
        `create table if not exists ${tier} (organisation text not null, at integer not null, blob blob not null, primary key (organisation, at)) without rowid`,
      );
    }
    this.#recent = this.#rows('tick', now - TICKS_KEPT_MS).map(({ at, blob }) => ({ at, tick: decode(blob) }));
  }

  record(at: number, tick: Tick): void {
    this.#recent.push({ at, tick });
    while (this.#recent.length > 0 && this.#recent[0]!.at < at - TICKS_KEPT_MS) this.#recent.shift();
    this.#raw.transaction(() => {
      this.#insert('tick', at, tick);
      this.#rollUp(at, tick);
    })();
  }

  /** About `points` samples of one tunnel over the last `seconds`, oldest first. */
  history(tunnelId: string, seconds: number, points: number, now: number): HistoryPoint[] {
    const since = now - seconds * 1000;
    return bucketed(this.#between(since), since, (seconds * 1000) / points).flatMap(({ at, ticks }) => {
      const samples = ticks.flatMap((tick) => (tick[tunnelId] === undefined ? [] : [tick[tunnelId]]));
      return samples.length === 0 ? [] : [{ at, sample: averaged(samples) }];
    });
  }

  /** All ticks since, thinned to about `points`, oldest first. */
  ticks(seconds: number, points: number, now: number): { at: number; tick: Tick }[] {
    const since = now - seconds * 1000;
    return bucketed(this.#between(since), since, (seconds * 1000) / points).map(({ at, ticks }) => ({
      at,
      tick: averagedTick(ticks),
    }));
  }

  close(): void {
    this.#raw.close();
  }

  #between(since: number): { at: number; tick: Tick }[] {
    const first = this.#recent[0]?.at ?? Number.POSITIVE_INFINITY;
    const recent = this.#recent.filter(({ at }) => at >= since);
    const isCovered = first <= since + MINUTE_MS;
    if (isCovered) return recent;
    const older = this.#rows('minute', since).filter((row) => row.at < first);
    return [...older.map(({ at, blob }) => ({ at, tick: decode(blob) })), ...recent];
  }

  #rows(tier: 'tick' | 'minute', since: number): BlobRow[] {
    return this.#raw
      .prepare(`select at, blob from ${tier} where organisation = ? and at >= ? order by at`)
      .all(this.#organisation, since) as BlobRow[];
  }

  #insert(tier: 'tick' | 'minute', at: number, tick: Tick): void {
    this.#raw
      .prepare(`insert or replace into ${tier} values (?, ?, ?)`)
      .run(this.#organisation, at, deflateRawSync(JSON.stringify(tick)));
  }

  #rollUp(at: number, tick: Tick): void {
    const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    if (this.#minute !== undefined && this.#minute.at !== minute) {
      this.#insert('minute', this.#minute.at, averagedTick(this.#minute.ticks));
      this.#prune(at);
      this.#minute = undefined;
    }
    this.#minute ??= { at: minute, ticks: [] };
    this.#minute.ticks.push(tick);
  }

  #prune(now: number): void {
    this.#raw.prepare('delete from tick where at < ?').run(now - TICKS_KEPT_MS);
    this.#raw.prepare('delete from minute where at < ?').run(now - MINUTES_KEPT_MS);
    for (const tier of ['tick', 'minute']) {
      const { bytes } = this.#raw.prepare(`select coalesce(sum(length(blob)), 0) as bytes from ${tier}`).get() as {
        bytes: number;
      };
      if (bytes <= BYTES_KEPT / 2) continue;
      this.#raw
        .prepare(
          `delete from ${tier} where at < (select at from ${tier} order by at limit 1 offset (select count(*) / 4 from ${tier}))`,
        )
        .run();
    }
  }
}

export function openTelemetry(directory: string, organisation: string, now: number, log: Logger): TelemetryStore {
  const file = join(directory, 'telemetry.db');
  try {
    return new TelemetryStore(openFile(file, directory), organisation, now);
  } catch (cause) {
    if (!(cause instanceof StoreError) || !existsSync(file)) throw cause;
    const aside = `${file}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`;
    renameSync(file, aside);
    log.warn(`the telemetry in ${file} is damaged: kept as ${aside}, charts begin anew`);
    return new TelemetryStore(openFile(file, directory), organisation, now);
  }
}

function decode(blob: Buffer): Tick {
  return JSON.parse(inflateRawSync(blob).toString());
}

function bucketed(
  rows: readonly { at: number; tick: Tick }[],
  since: number,
  stepMs: number,
): { at: number; ticks: Tick[] }[] {
  const buckets: { at: number; ticks: Tick[] }[] = [];
  let current = -1;
  for (const { at, tick } of rows) {
    const bucket = Math.floor((at - since) / stepMs);
    if (bucket !== current) buckets.push({ at, ticks: [] });
    current = bucket;
    buckets.at(-1)!.ticks.push(tick);
  }
  return buckets;
}

const severity: Readonly<Record<TunnelStateWord, number>> = { UP: 0, CONNECTING: 1, UNKNOWN: 2, DOWN: 3 };

function averaged(samples: readonly Sample[]): Sample {
  if (samples.length === 1) return samples[0]!;
  const worst = samples.reduce((one, other) => (severity[other[0]] > severity[one[0]] ? other : one))[0];
  return [
    worst,
    mean(samples.map((one) => one[1])),
    mean(samples.map((one) => one[2])),
    mean(samples.map((one) => one[3])) ?? 0,
    mean(samples.map((one) => one[4])) ?? 0,
  ];
}

function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function averagedTick(ticks: readonly Tick[]): Tick {
  if (ticks.length === 1) return ticks[0]!;
  const ids = new Set(ticks.flatMap((tick) => Object.keys(tick)));
  return Object.fromEntries(
    [...ids].map((id) => [id, averaged(ticks.flatMap((tick) => (tick[id] === undefined ? [] : [tick[id]])))]),
  );
}
