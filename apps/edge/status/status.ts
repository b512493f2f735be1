/** What the edge says of itself over its own socket: no keys, no secrets. */
import { formatAddress } from '@patronus/net';
import {
  type BfdPeerTelemetry,
  type BgpTelemetry,
  type DecisionTelemetry,
  formatVersion,
  type TunnelTelemetry,
} from '@patronus/protocol';
import type { PathGroup } from '@patronus/steering';
import type { ChannelStatus } from '../channel/channel.ts';
import { running, type TrialState } from '../configuration/trial.ts';
import type { DataPlane } from '../dataPlane.ts';
import type { Crash } from '../forwarder/lastWords.ts';
import type { Telemetry } from '../forwarder/telemetry.ts';
import type { Identity } from '../identity/identity.ts';
import { uplinkTable } from '../kernel/plan.ts';

export interface EdgeStatus {
  readonly edge: { readonly id: string; readonly name: string; readonly site: string };
  readonly process: {
    readonly pid: number;
    readonly forwarderPid: number | null;
    readonly lastCrash: Crash | null;
  };
  readonly configuration: {
    readonly running: string | null;
    readonly lastGood: string | null;
    readonly isOnTrial: boolean;
    readonly rejected: readonly { readonly version: string; readonly code: string; readonly reason: string }[];
  };
  readonly controller: ChannelStatus;
  readonly uplinks: readonly {
    readonly id: string;
    readonly label: string;
    readonly interface: string;
    readonly isUp: boolean;
    readonly addresses: readonly string[];
    readonly table: number;
  }[];
  readonly tunnels: readonly TunnelTelemetry[];
  /** Sessions of BGP and what they brought; null: it is spoken with nobody. */
  readonly bgp: BgpTelemetry | null;
  /** Routers outside of the fabric. */
  readonly bfdPeers: readonly BfdPeerTelemetry[];
  readonly counters: Readonly<Record<string, number>>;
  /** What carries each treatment's flows to each edge. */
  readonly paths: readonly Pick<PathGroup, 'treatment' | 'edgeId' | 'mode' | 'chosen'>[];
  /** Whether the internet is reached by the uplinks that policies break out by, and hosts of the other sites' LANs. */
  readonly breakout: NonNullable<Telemetry['breakout']>;
  readonly reach: NonNullable<Telemetry['reach']>;
  /** What waits before uplinks whose rate is known, and what was sent twice or with parity; null: not told yet. */
  readonly shaping: NonNullable<Telemetry['shaping']>;
  readonly protection: Telemetry['protection'] | null;
  /** The latest, oldest first. */
  readonly decisions: readonly DecisionTelemetry[];
  readonly capabilities: Readonly<Record<string, string>>;
  readonly reports: { readonly waiting: number; readonly dropped: number; readonly decisionsWaiting: number };
}

export interface StatusSources {
  readonly identity: Identity;
  readonly trial: TrialState;
  readonly channel: ChannelStatus;
  readonly dataPlane: Pick<DataPlane, 'uplinks' | 'steering' | 'capabilities' | 'forwarderPid' | 'lastCrash'>;
  readonly telemetry: Telemetry | undefined;
  readonly decisionsWaiting: number;
  readonly reportsWaiting: number;
  readonly reportsDropped: number;
}

const latestDecisions = 10;

export function tellStatus(sources: StatusSources): EdgeStatus {
  const { identity, trial, channel, dataPlane, telemetry } = sources;
  const version = (verified: typeof trial.good) =>
    verified === undefined ? null : formatVersion(verified.configuration.version);
  return {
    edge: { id: identity.edgeId, name: identity.edgeName, site: identity.siteName },
    process: { pid: process.pid, forwarderPid: dataPlane.forwarderPid ?? null, lastCrash: dataPlane.lastCrash ?? null },
    configuration: {
      running: version(running(trial)),
      lastGood: version(trial.good),
      isOnTrial: trial.trial !== undefined,
      rejected: trial.rejected.map(({ version: number, code, reason }) => ({
        version: formatVersion(number),
        code,
        reason,
      })),
    },
    controller: channel,
    uplinks: dataPlane.uplinks.map(({ id, label, interface: name, isUp, addresses, number }) => ({
      ...{ id, label, interface: name, isUp },
      addresses: addresses.map(({ address }) => formatAddress(address)),
      table: uplinkTable(number),
    })),
    tunnels: telemetry?.tunnels ?? [],
    bgp: telemetry?.bgp ?? null,
    bfdPeers: telemetry?.bfdPeers ?? [],
    counters: telemetry?.counters ?? {},
    paths: dataPlane.steering.state.groups.map(({ treatment, edgeId, mode, chosen }) => ({
      treatment,
      edgeId,
      mode,
      chosen,
    })),
    breakout: telemetry?.breakout ?? [],
    reach: telemetry?.reach ?? [],
    shaping: telemetry?.shaping ?? [],
    protection: telemetry?.protection ?? null,
    decisions: dataPlane.steering.ledger.last(latestDecisions),
    capabilities: dataPlane.capabilities,
    reports: {
      waiting: sources.reportsWaiting,
      dropped: sources.reportsDropped,
      decisionsWaiting: sources.decisionsWaiting,
    },
  };
}
