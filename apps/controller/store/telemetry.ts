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
import { averaged, averagedTick, completed, type Sample, type Tick } from './samples.ts';

export const TICK_MS = 2_000;
const MINUTE_MS = 60_000;
const TICKS_KEPT_MS = 3_600_000;
const MINUTES_KEPT_MS = 7 * 24 * 3_600_000;
const BYTES_KEPT = 256 * 1024 * 1024;
/** What waited at an edge for longer is not taken any more. */
const OLDEST_LATE_MS = 10 * MINUTE_MS;
/** Ticks that late words changed are written so many at a time, between two of our own. */
const LATE_WRITTEN_AT_ONCE = 30;

export interface HistoryPoint {
  readonly at: number;
  readonly sample: Sample;
}

interface RecentTick {
  readonly at: number;
  readonly tick: Record<string, Sample>;
}

interface BlobRow {
  readonly at: number;
  readonly blob: Buffer;
}

export class TelemetryStore {
  readonly #raw: Database.Database;
  readonly #organisation: string;
  /** The last hour, decoded, oldest first: what live charts read twice a second. */
  #recent: RecentTick[] = [];
  /** The minute that fills now; undefined before the first tick ever. */
  #minute: number | undefined;
  /** Ticks that late words changed and that are still to be written. */
  readonly #changed = new Set<RecentTick>();

  constructor(raw: Database.Database, organisation: string, now: number) {
    this.#raw = raw;
    this.#organisation = organisation;
    raw.pragma('synchronous = NORMAL');
    for (const tier of ['tick', 'minute']) {
      raw.exec(
        `create table if not exists ${tier} (organisation text not null, at integer not null, blob blob not null, primary key (organisation, at)) without rowid`,
      );
    }
    this.#recent = this.#rows('tick', now - TICKS_KEPT_MS).map(({ at, blob }) => ({ at, tick: { ...decode(blob) } }));
    const last = this.#recent.at(-1);
    if (last !== undefined) this.#minute = minuteOf(last.at);
  }

  record(at: number, tick: Tick): void {
    // The clock may have been set back, or an edge's word may be ahead of it: the list stays in order.
    this.#recent.splice(this.#placeOf(at), 0, { at, tick: { ...tick } });
    while (this.#recent.length > 0 && this.#recent[0]!.at < at - TICKS_KEPT_MS) this.#recent.shift();
    this.#raw.transaction(() => {
      this.#insert('tick', at, tick);
      this.#rollUp(at);
      this.#writeChanged(LATE_WRITTEN_AT_ONCE);
    })();
  }

  /**
   * Takes in what was measured at `at` and had to wait: it adds to the tick of that time, or fills the hole where none
   * was kept. Returns false when it is too old, or of a time still to come, and so was not taken.
   */
  fill(at: number, late: Tick, now: number): boolean {
    if (at > now || at < now - OLDEST_LATE_MS) return false;
    const place = this.#placeOf(at);
    const near = [this.#recent[place - 1], this.#recent[place]].filter((one) => one !== undefined);
    // Half a tick on either side and a bit, for timers that come late: so ticks never stand closer than that.
    const own = near
      .filter((one) => Math.abs(one.at - at) <= TICK_MS * 0.6)
      .sort((one, other) => Math.abs(one.at - at) - Math.abs(other.at - at))[0];
    const recent = own ?? { at, tick: {} };
    if (own === undefined) this.#recent.splice(place, 0, recent);
    for (const [id, sample] of Object.entries(late)) recent.tick[id] = completed(recent.tick[id], sample);
    this.#changed.add(recent);
    return true;
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
    try {
      this.#raw.transaction(() => this.#writeChanged(this.#changed.size))();
    } catch {
      // A full disk costs these points of the charts; it must not keep the controller from stopping in order.
    }
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

  /** Where a tick of that time belongs in the last hour: behind all that are not later. */
  #placeOf(at: number): number {
    return this.#recent.findLastIndex((one) => one.at <= at) + 1;
  }

  #rollUp(at: number): void {
    const minute = minuteOf(at);
    if (this.#minute !== undefined && this.#minute !== minute) {
      this.#writeMinute(this.#minute);
      this.#prune(at);
    }
    this.#minute = minute;
  }

  #writeMinute(minute: number): void {
    const first = this.#placeOf(minute - 1);
    const ticks = this.#recent.slice(first, this.#placeOf(minute + MINUTE_MS - 1)).map(({ tick }) => tick);
    if (ticks.length > 0) this.#insert('minute', minute, averagedTick(ticks));
  }

  /** The minutes they belong to follow, all but the one that fills now. */
  #writeChanged(most: number): void {
    const minutes = new Set<number>();
    for (const changed of [...this.#changed].slice(0, most)) {
      this.#changed.delete(changed);
      this.#insert('tick', changed.at, changed.tick);
      minutes.add(minuteOf(changed.at));
    }
    for (const minute of minutes) if (minute !== this.#minute) this.#writeMinute(minute);
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

function minuteOf(at: number): number {
  return Math.floor(at / MINUTE_MS) * MINUTE_MS;
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
