/** What every part of the controller is handed: one value, made once in controller.ts. */
import type { Logger } from 'pino';
import type { Authority } from './authority/authority.ts';
import type { Alarms } from './edges/alarms.ts';
import type { Live } from './edges/live.ts';
import type { NetworkHolder } from './network/holder.ts';
import type { Changes } from './services/changes.ts';
import type { Refusals } from './services/refusals.ts';
import type { Throttle } from './services/throttle.ts';
import type { Store } from './store/open.ts';
import type { TelemetryStore } from './store/telemetry.ts';

export interface Core {
  readonly version: string;
  readonly organisation: string;
  readonly store: Store;
  readonly telemetry: TelemetryStore;
  readonly authority: Authority;
  /** ms since 1970. */
  readonly now: () => number;
  readonly log: Logger;
  readonly network: NetworkHolder;
  readonly live: Live;
  readonly alarms: Alarms;
  readonly changes: Changes;
  readonly throttle: Throttle;
  readonly refusals: Refusals;
  /** Base URLs that people and new gateways reach the controller at. */
  readonly urls: () => string[];
  /** `host:port` of the edges' channel. */
  readonly channels: () => string[];
}
