import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconBan,
  IconCheck,
  IconCircleDashed,
  IconDropletOff,
  IconHelp,
  IconHourglass,
  IconInfoCircle,
  IconLoader2,
  IconX,
} from '@tabler/icons-react';
import type {
  AlarmSeverity,
  BfdState,
  BgpState,
  ConfigurationState,
  EdgeState,
  Reachability,
  SiteState,
  TunnelState,
  UplinkState,
} from '../queries/graphql.ts';

export type Tone = 'up' | 'down' | 'warn' | 'idle' | 'accent';

interface Look {
  readonly tone: Tone;
  readonly label: string;
  readonly icon: typeof IconCheck;
}

const up: Look = { tone: 'up', label: 'Up', icon: IconCheck };
const down: Look = { tone: 'down', label: 'Down', icon: IconX };
const unknown: Look = { tone: 'idle', label: 'Unknown', icon: IconHelp };

/** How each state is told: a word and a sign first, a colour only in addition. */
export const siteLooks: Readonly<Record<SiteState, Look>> = {
  UP: up,
  DEGRADED: { tone: 'warn', label: 'Degraded', icon: IconAlertTriangle },
  DOWN: down,
  PENDING: { tone: 'idle', label: 'Waiting for gateway', icon: IconHourglass },
};

export const tunnelLooks: Readonly<Record<TunnelState, Look>> = {
  UP: up,
  DOWN: down,
  CONNECTING: { tone: 'warn', label: 'Connecting', icon: IconLoader2 },
  UNKNOWN: unknown,
};

export const uplinkLooks: Readonly<Record<UplinkState, Look>> = {
  UP: up,
  DOWN: down,
  UNKNOWN: unknown,
};

export const edgeLooks: Readonly<Record<EdgeState, Look>> = {
  ONLINE: { tone: 'up', label: 'Online', icon: IconCheck },
  OFFLINE: { tone: 'down', label: 'Offline', icon: IconX },
  PENDING: { tone: 'idle', label: 'Not enrolled', icon: IconHourglass },
  REVOKED: { tone: 'down', label: 'Revoked', icon: IconBan },
};

export const configurationLooks: Readonly<Record<ConfigurationState, Look>> = {
  CURRENT: { tone: 'up', label: 'Current', icon: IconCheck },
  APPLYING: { tone: 'accent', label: 'Applying', icon: IconLoader2 },
  RETURNED: { tone: 'warn', label: 'Returned to last good', icon: IconArrowBackUp },
  NONE: { tone: 'idle', label: 'None yet', icon: IconCircleDashed },
};

export const bfdLooks: Readonly<Record<BfdState, Look>> = {
  UP: up,
  INIT: { tone: 'warn', label: 'Init', icon: IconLoader2 },
  DOWN: down,
  ADMIN_DOWN: { tone: 'idle', label: 'Admin down', icon: IconBan },
};

export const bgpLooks: Readonly<Record<BgpState, Look>> = {
  IDLE: { ...down, label: 'Idle' },
  CONNECT: { tone: 'warn', label: 'Connecting', icon: IconLoader2 },
  ACTIVE: { ...down, label: 'Not reached' },
  OPEN_SENT: { tone: 'warn', label: 'Open sent', icon: IconLoader2 },
  OPEN_CONFIRM: { tone: 'warn', label: 'Open confirm', icon: IconLoader2 },
  ESTABLISHED: { ...up, label: 'Established' },
};

export const reachLooks: Readonly<Record<Reachability, Look>> = {
  UP: { tone: 'up', label: 'Reached', icon: IconCheck },
  DOWN: { tone: 'down', label: 'Not reached', icon: IconX },
  UNKNOWN: unknown,
};

export const drainedLook: Look = { tone: 'warn', label: 'Drained', icon: IconDropletOff };

export const severityLooks: Readonly<Record<AlarmSeverity, Look>> = {
  CRITICAL: { tone: 'down', label: 'Critical', icon: IconX },
  WARNING: { tone: 'warn', label: 'Warning', icon: IconAlertTriangle },
  INFO: { tone: 'accent', label: 'Info', icon: IconInfoCircle },
};

export function State({ look, note }: { look: Look | undefined; note?: string }) {
  const { tone, label, icon: Icon } = look ?? unknown;
  return (
    <span className="state" data-tone={tone} title={note}>
      <Icon size={13} stroke={2.4} aria-hidden="true" />
      {label}
    </span>
  );
}
