/**
 * What the tunnels measured, in a file beside the configuration's: one blob a tick for the last hour, one every ten
 * seconds for a week (what-if runs over them), one a minute for a month, all bounded in rows and bytes. Losing this file loses charts and nothing else, so a damaged one
 * is set aside and a new one begun.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type Database from 'better-sqlite3';
import type { Logger } from 'pino';
import { DecisionStore } from './decisions.ts';
import { StoreError } from './error.ts';
import { openFile } from './open.ts';
import { averaged, averagedTick, completed, type Sample, type Tick } from './samples.ts';

export const TICK_MS = 2_000;
const TEN_MS = 10_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;
const TICKS_KEPT_MS = 3_600_000;

/** What ticks are averaged into, by the length of a span. */
const spans = [
  { tier: 'ten', lengthMs: TEN_MS, keptMs: 7 * DAY_MS },
  { tier: 'minute', lengthMs: MINUTE_MS, keptMs: 30 * DAY_MS },
] as const;
type SpanTier = (typeof spans)[number]['tier'];
type Tier = 'tick' | SpanTier;

/** All tiers together. */
const BYTES_KEPT = 384 * 1024 * 1024;
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
  /** Decisions of the edges, in the same file. */
  readonly decisions: DecisionStore;
  /** Start of the span of each length that fills now; undefined before the first tick ever. */
  readonly #open = new Map<SpanTier, number>();
  /** Ticks that late words changed and that are still to be written. */
  readonly #changed = new Set<RecentTick>();

  constructor(raw: Database.Database, organisation: string, now: number) {
    this.#raw = raw;
    this.#organisation = organisation;
    raw.pragma('synchronous = NORMAL');
    for (const tier of ['tick', 'ten', 'minute']) {
      raw.exec(
        `create table if not exists ${tier} (organisation text not null, at integer not null, blob blob not null, primary key (organisation, at)) without rowid`,
      );
    }
    this.#recent = this.#rows('tick', now - TICKS_KEPT_MS).map(({ at, blob }) => ({ at, tick: { ...decode(blob) } }));
    const last = this.#recent.at(-1);
    if (last !== undefined) for (const { tier, lengthMs } of spans) this.#open.set(tier, startOf(last.at, lengthMs));
    this.decisions = new DecisionStore(raw, organisation);
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

  /**
   * What was measured since, oldest first, as finely as it is still known: every minute, every ten seconds for the last
   * week. Read as it is asked for, so that a month need not fit into memory.
   */
  *measured(since: number, until: number): Generator<{ at: number; lengthMs: number; tick: Tick }> {
    const oldestTen = this.#raw.prepare('select min(at) as at from ten where organisation = ?').get(this.#organisation);
    const border = (oldestTen as { at: number | null }).at ?? until;
    for (const { tier, lengthMs, from, to } of [
      { tier: 'minute', lengthMs: MINUTE_MS, from: since, to: Math.min(border, until) },
      { tier: 'ten', lengthMs: TEN_MS, from: Math.max(border, since), to: until },
    ]) {
      let after = from - 1;
      for (;;) {
        const rows = this.#raw
          .prepare(`select at, blob from ${tier} where organisation = ? and at > ? and at < ? order by at limit 360`)
          .all(this.#organisation, after, to) as BlobRow[];
        for (const { at, blob } of rows) yield { at, lengthMs, tick: decode(blob) };
        if (rows.length === 0) break;
        after = rows.at(-1)!.at;
      }
    }
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

  #rows(tier: Tier, since: number): BlobRow[] {
    return this.#raw
      .prepare(`select at, blob from ${tier} where organisation = ? and at >= ? order by at`)
      .all(this.#organisation, since) as BlobRow[];
  }

  #insert(tier: Tier, at: number, tick: Tick): void {
    this.#raw
      .prepare(`insert or replace into ${tier} values (?, ?, ?)`)
      .run(this.#organisation, at, deflateRawSync(JSON.stringify(tick)));
  }

  /** Where a tick of that time belongs in the last hour: behind all that are not later. */
  #placeOf(at: number): number {
    return this.#recent.findLastIndex((one) => one.at <= at) + 1;
  }

  #rollUp(at: number): void {
    for (const { tier, lengthMs } of spans) {
      const start = startOf(at, lengthMs);
      const open = this.#open.get(tier);
      if (open !== undefined && open !== start) {
        this.#writeSpan(tier, open, lengthMs);
        if (tier === 'minute') this.#prune(at);
      }
      this.#open.set(tier, start);
    }
  }

  #writeSpan(tier: SpanTier, start: number, lengthMs: number): void {
    const first = this.#placeOf(start - 1);
    const ticks = this.#recent.slice(first, this.#placeOf(start + lengthMs - 1)).map(({ tick }) => tick);
    if (ticks.length > 0) this.#insert(tier, start, averagedTick(ticks));
  }

  /** The spans they belong to follow, all but those that fill now. */
  #writeChanged(most: number): void {
    const changed = [...this.#changed].slice(0, most);
    for (const one of changed) {
      this.#changed.delete(one);
      this.#insert('tick', one.at, one.tick);
    }
    for (const { tier, lengthMs } of spans) {
      const starts = new Set(changed.map(({ at }) => startOf(at, lengthMs)));
      for (const start of starts) if (start !== this.#open.get(tier)) this.#writeSpan(tier, start, lengthMs);
    }
  }

  #prune(now: number): void {
    this.#raw.prepare('delete from tick where at < ?').run(now - TICKS_KEPT_MS);
    for (const { tier, keptMs } of spans) this.#raw.prepare(`delete from ${tier} where at < ?`).run(now - keptMs);
    for (const tier of ['tick', 'ten', 'minute']) {
      const { bytes } = this.#raw.prepare(`select coalesce(sum(length(blob)), 0) as bytes from ${tier}`).get() as {
        bytes: number;
      };
      if (bytes <= BYTES_KEPT / 3) continue;
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

function startOf(at: number, lengthMs: number): number {
  return Math.floor(at / lengthMs) * lengthMs;
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
