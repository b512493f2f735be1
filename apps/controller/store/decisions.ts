/**
 * Why traffic took the paths it took: every decision that edges told of, beside the charts. Bounded in age, in number,
 * in number for each edge (so that one that decides without end cannot push the others' out) and in bytes.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { DecisionTelemetry } from '@patronus/protocol';
import type Database from 'better-sqlite3';

const KEPT_MS = 30 * 24 * 3_600_000;
const KEPT = 100_000;
const KEPT_OF_EDGE = 20_000;
const BYTES_KEPT = 256 * 1024 * 1024;
/** Counting is slower than adding: the bounds are looked at again after so many. */
const ADDED_UNTIL_PRUNED = 500;

export interface StoredDecision {
  /** Names it for ever: edge, instance and number. */
  readonly id: string;
  /** Which of its kind it is, in the order in which they came in: what pages go by, beside the time. */
  readonly serial: number;
  /** Edge that decided. */
  readonly edgeId: string;
  /** Controller's clock. */
  readonly at: number;
  readonly decision: DecisionTelemetry;
}

export interface DecisionQuery {
  /** Any of these decided; undefined: any. */
  readonly edgeIds?: readonly string[] | undefined;
  /** The edge that the path leads to. */
  readonly remoteEdgeIds?: readonly string[] | undefined;
  readonly treatment?: string | undefined;
  readonly rule?: string | undefined;
  /** Among its candidates. */
  readonly tunnelId?: string | undefined;
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface DecisionPlace {
  readonly at: number;
  readonly serial: number;
}

export interface DecisionPage {
  readonly olderThan?: DecisionPlace | undefined;
  readonly newerThan?: DecisionPlace | undefined;
  readonly from: 'newest' | 'oldest';
  readonly limit: number;
}

interface Row {
  readonly serial: number;
  readonly edge_id: string;
  readonly instance_id: string;
  readonly number: number;
  readonly at: number;
  readonly body: Buffer;
}

export class DecisionStore {
  readonly #raw: Database.Database;
  readonly #organisation: string;
  readonly #insert: Database.Statement;
  #added = 0;

  constructor(raw: Database.Database, organisation: string) {
    this.#raw = raw;
    this.#organisation = organisation;
    raw.exec(
      `create table if not exists decision (serial integer primary key autoincrement, organisation text not null,
         edge_id text not null, instance_id text not null, number integer not null, at integer not null,
         treatment text not null, remote_edge_id text not null, rule text not null, tunnels text not null,
         body blob not null, unique (organisation, edge_id, instance_id, number));
       create index if not exists decision_at on decision (organisation, at);
       create index if not exists decision_edge on decision (organisation, edge_id, at);
       create index if not exists decision_treatment on decision (organisation, treatment, at)`,
    );
    this.#insert = raw.prepare(
      `insert or ignore into decision (organisation, edge_id, instance_id, number, at, treatment, remote_edge_id, rule,
         tunnels, body) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** Takes decisions in; one that is there already, because its edge told it twice, stays one. Returns how many were new. */
  add(
    edgeId: string,
    instanceId: string,
    decisions: readonly { readonly at: number; readonly decision: DecisionTelemetry }[],
    now: number,
  ): number {
    let fresh = 0;
    this.#raw.transaction(() => {
      for (const { at, decision } of decisions) {
        const { number, treatment, edgeId: remote, rule, candidates } = decision;
        const tunnels = ` ${candidates.map(({ tunnelId }) => tunnelId).join(' ')} `;
        const body = deflateRawSync(JSON.stringify(decision));
        fresh += this.#insert.run(
          ...[this.#organisation, edgeId, instanceId, number, at, treatment, remote, rule, tunnels, body],
        ).changes;
      }
      this.#added += fresh;
      if (this.#added >= ADDED_UNTIL_PRUNED) this.#prune(now);
    })();
    return fresh;
  }

  list(query: DecisionQuery, page: DecisionPage): { rows: StoredDecision[]; hasMore: boolean; total: number } {
    const { where, values } = this.#conditions(query);
    const { count } = this.#raw.prepare(`select count(*) as count from decision where ${where}`).get(values) as {
      count: number;
    };
    const [order, backwards] = page.from === 'newest' ? ['desc', false] : ['asc', true];
    const window: string[] = [];
    if (page.olderThan !== undefined) window.push('(at, serial) < (@olderAt, @olderSerial)');
    if (page.newerThan !== undefined) window.push('(at, serial) > (@newerAt, @newerSerial)');
    const rows = this.#raw
      .prepare(
        `select serial, edge_id, instance_id, number, at, body from decision where ${[where, ...window].join(' and ')}
         order by at ${order}, serial ${order} limit @limit`,
      )
      .all({
        ...values,
        limit: page.limit + 1,
        olderAt: page.olderThan?.at ?? 0,
        olderSerial: page.olderThan?.serial ?? 0,
        newerAt: page.newerThan?.at ?? 0,
        newerSerial: page.newerThan?.serial ?? 0,
      }) as Row[];
    const shown = rows.slice(0, page.limit).map(toDecision);
    return { rows: backwards ? shown.reverse() : shown, hasMore: rows.length > page.limit, total: count };
  }

  /** The last one at or before `at` about this path; undefined when none is known. */
  last(edgeId: string, treatment: string, remoteEdgeId: string, at: number): StoredDecision | undefined {
    const row = this.#raw
      .prepare(
        `select serial, edge_id, instance_id, number, at, body from decision where organisation = ? and edge_id = ?
           and treatment = ? and remote_edge_id = ? and at <= ? order by at desc, serial desc limit 1`,
      )
      .get(this.#organisation, edgeId, treatment, remoteEdgeId, at) as Row | undefined;
    return row === undefined ? undefined : toDecision(row);
  }

  /** Number of the latest that is known of this edge; 0: none. */
  latestNumber(edgeId: string): number {
    const row = this.#raw
      .prepare(
        'select number from decision where organisation = ? and edge_id = ? order by at desc, serial desc limit 1',
      )
      .get(this.#organisation, edgeId) as Pick<Row, 'number'> | undefined;
    return row?.number ?? 0;
  }

  get(id: string): StoredDecision | undefined {
    // An edge makes up the name of its instance; those of the others hold no colon.
    const [first, last] = [id.indexOf(':'), id.lastIndexOf(':')];
    const [edgeId, instanceId, number] = [id.slice(0, first), id.slice(first + 1, last), id.slice(last + 1)];
    const row = this.#raw
      .prepare(
        `select serial, edge_id, instance_id, number, at, body from decision where organisation = ? and edge_id = ?
           and instance_id = ? and number = ?`,
      )
      .get(this.#organisation, edgeId, instanceId, Number(number)) as Row | undefined;
    return row === undefined ? undefined : toDecision(row);
  }

  #conditions(query: DecisionQuery): { where: string; values: Record<string, string | number> } {
    const { edgeIds, remoteEdgeIds, treatment, rule, tunnelId, since, until } = query;
    const where = ['organisation = @organisation'];
    const values: Record<string, string | number> = { organisation: this.#organisation };
    const put = (condition: string, name: string, value: string | number | undefined) => {
      if (value === undefined) return;
      where.push(condition);
      values[name] = value;
    };
    put(
      'edge_id in (select value from json_each(@edgeIds))',
      'edgeIds',
      edgeIds === undefined ? edgeIds : JSON.stringify(edgeIds),
    );
    put(
      'remote_edge_id in (select value from json_each(@remoteEdgeIds))',
      'remoteEdgeIds',
      remoteEdgeIds === undefined ? remoteEdgeIds : JSON.stringify(remoteEdgeIds),
    );
    put('treatment = @treatment', 'treatment', treatment);
    put('rule = @rule', 'rule', rule);
    put('instr(tunnels, @tunnelId) > 0', 'tunnelId', tunnelId === undefined ? tunnelId : ` ${tunnelId} `);
    put('at >= @since', 'since', since);
    put('at <= @until', 'until', until);
    return { where: where.join(' and '), values };
  }

  #prune(now: number): void {
    this.#added = 0;
    this.#raw.prepare('delete from decision where at < ?').run(now - KEPT_MS);
    this.#raw
      .prepare(
        `delete from decision where serial in (select serial from (select serial,
           row_number() over (partition by organisation, edge_id order by at desc, serial desc) as place from decision)
           where place > ?)`,
      )
      .run(KEPT_OF_EDGE);
    this.#raw
      .prepare(
        'delete from decision where serial in (select serial from decision order by at desc, serial desc limit -1 offset ?)',
      )
      .run(KEPT);
    const { bytes, count } = this.#raw
      .prepare('select coalesce(sum(length(body) + length(tunnels)), 0) as bytes, count(*) as count from decision')
      .get() as { bytes: number; count: number };
    if (bytes <= BYTES_KEPT) return;
    this.#raw
      .prepare('delete from decision where serial in (select serial from decision order by at, serial limit ?)')
      .run(Math.ceil(count / 4));
  }
}

function toDecision({ serial, edge_id, instance_id, number, at, body }: Row): StoredDecision {
  return {
    id: `${edge_id}:${instance_id}:${number}`,
    serial,
    edgeId: edge_id,
    at,
    decision: JSON.parse(inflateRawSync(body).toString()),
  };
}
