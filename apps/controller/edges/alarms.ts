/** What a person should look at: raised once per cause, cleared when the cause is gone, kept for a while after. */
import type { Logger } from 'pino';
import type { Changes } from '../services/changes.ts';
import { newId } from '../services/identifiers.ts';
import type { AlarmRow, AlarmSeverityName, Queries } from '../store/tables.ts';

export type Alarm = Readonly<AlarmRow>;

export interface Cause {
  /** One active alarm for each key. */
  readonly key: string;
  readonly code: string;
  readonly severity: AlarmSeverityName;
  readonly message: string;
  readonly siteId: string | null;
}

const KEPT = 500;

export class Alarms {
  readonly #db: Queries;
  readonly #organisation: string;
  readonly #changes: Changes;
  readonly #log: Logger;
  readonly #now: () => number;
  /** Newest first. */
  #alarms: AlarmRow[] = [];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(db: Queries, organisation: string, changes: Changes, log: Logger, now: () => number) {
    this.#db = db;
    this.#organisation = organisation;
    this.#changes = changes;
    this.#log = log;
    this.#now = now;
  }

  async load(): Promise<void> {
    this.#alarms = await this.#db
      .selectFrom('alarm')
      .selectAll()
      .where('organisation', '=', this.#organisation)
      .orderBy('raised_at', 'desc')
      .limit(KEPT)
      .execute();
  }

  /** Newest first. */
  all(): readonly Alarm[] {
    return this.#alarms;
  }

  raise(cause: Cause): void {
    const active = this.#alarms.find((alarm) => alarm.key === cause.key && alarm.cleared_at === null);
    if (active === undefined) {
      this.#add(cause);
      return;
    }
    if (active.message === cause.message && active.severity === cause.severity) return;
    active.message = cause.message;
    active.severity = cause.severity;
    this.#write((db) =>
      db
        .updateTable('alarm')
        .set({ message: cause.message, severity: cause.severity })
        .where('id', '=', active.id)
        .execute(),
    );
  }

  clear(key: string): void {
    const now = this.#now();
    for (const alarm of this.#alarms.filter((one) => one.key === key && one.cleared_at === null)) {
      alarm.cleared_at = now;
      this.#write((db) => db.updateTable('alarm').set({ cleared_at: now }).where('id', '=', alarm.id).execute());
    }
  }

  /** Clears what belongs to sites and edges that are no more. */
  clearMatching(isGone: (alarm: Alarm) => boolean): void {
    for (const alarm of this.#alarms) if (alarm.cleared_at === null && isGone(alarm)) this.clear(alarm.key);
  }

  async acknowledge(db: Queries, id: string, now: number): Promise<void> {
    const alarm = this.#alarms.find((one) => one.id === id);
    if (alarm === undefined) return;
    alarm.acknowledged_at ??= now;
    // Nothing will ever say that the cause of a notice is gone.
    if (alarm.key.startsWith('notice:')) alarm.cleared_at ??= now;
    await db
      .updateTable('alarm')
      .set({ acknowledged_at: alarm.acknowledged_at, cleared_at: alarm.cleared_at })
      .where('id', '=', id)
      .execute();
  }

  /** Until everything said so far is on disk. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  #add(cause: Cause): void {
    const row: AlarmRow = {
      id: newId('alarm'),
      organisation: this.#organisation,
      key: cause.key,
      code: cause.code,
      severity: cause.severity,
      message: cause.message,
      site_id: cause.siteId,
      raised_at: this.#now(),
      cleared_at: null,
      acknowledged_at: null,
    };
    this.#alarms.unshift(row);
    const copy = { ...row };
    this.#write((db) => db.insertInto('alarm').values(copy).execute());
    this.#log.warn({ code: row.code }, row.message);
    for (const old of this.#alarms.splice(KEPT))
      this.#write((db) => db.deleteFrom('alarm').where('id', '=', old.id).execute());
  }

  #write(step: (db: Queries) => Promise<unknown>): void {
    this.#writing = this.#writing
      .then(() => step(this.#db))
      .catch((error: unknown) => this.#log.error({ err: error }, 'an alarm could not be written'));
    this.#changes.announce('alarms');
  }
}
