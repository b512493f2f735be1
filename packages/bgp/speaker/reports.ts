/** What a speaker tells of itself to people and programs: plain values. */
import type { Json } from '../describe/json.ts';
import type { OriginValidation } from '../policy/source.ts';
import type { State } from '../session/transitions.ts';

export interface FamilyReport {
  /** `ipv4 unicast`. */
  readonly family: string;
  /** Routes that it has announced; whether they are kept over its restart; routes told to it. */
  readonly received: number;
  readonly isStale: boolean;
  readonly sent: number;
  /** It has still to be told something. */
  readonly isWaiting: boolean;
}

export interface NeighbourReport {
  readonly name: string;
  readonly address: string;
  readonly as: number | null;
  readonly identifier: string | null;
  readonly state: State;
  readonly isDisabled: boolean;
  /** ms in Established; null: it is not. */
  readonly upForMs: number | null;
  readonly establishedCount: number;
  /** Times it went down from Established. */
  readonly flaps: number;
  readonly holdTimeS: number | null;
  readonly families: readonly FamilyReport[];
  readonly capabilities: readonly Json[];
  readonly hostName: string | null;
  readonly software: string | null;
  /** What it says it is (RFC 9234). */
  readonly role: string | null;
  readonly receivedUpdates: number;
  /** In words: why it went down, and what has kept it down since; null: nothing has gone wrong. */
  readonly lastError: string | null;
  /** Of the NOTIFICATION with which it went down, or did not come up the first time, whoever sent it. */
  readonly lastCode: readonly [code: number, subcode: number] | null;
}

export interface SummaryReport {
  readonly as: number;
  readonly identifier: string;
  readonly neighbours: number;
  readonly established: number;
  readonly families: readonly { readonly family: string; readonly prefixes: number; readonly routes: number }[];
  /** Distinct sets of attributes, and bytes that tables take. */
  readonly attributeSets: number;
  readonly bytes: number;
}

export interface RouteReport {
  readonly family: string;
  readonly prefix: string;
  readonly pathId: number;
  /** Whose it is; `local`: ours. */
  readonly from: string;
  readonly isBest: boolean;
  /** Import lets it pass, and its next hop can be reached. */
  readonly isEligible: boolean;
  readonly isStale: boolean;
  /** Why import does not let it pass; null: it does. */
  readonly refusal: string | null;
  readonly nextHop: string;
  /** RFC 6811; null for routes of our own. */
  readonly validation: OriginValidation | null;
  readonly attributes: { readonly [name: string]: Json };
}
