/** Alarms, the audit log, users and the overview. */
import type { Alarm } from '../edges/alarms.ts';
import type { AuditRow } from '../services/audit.ts';
import type { User } from '../services/sessions.ts';
import { builder, connectionOf, type GraphContext } from './builder.ts';
import { clamp, countTunnels, siteRef, tunnelCountsRef } from './network.ts';

const role = builder.enumType('Role', { values: ['ADMINISTRATOR', 'OPERATOR', 'VIEWER'] as const });
export const userRef = builder.objectRef<User>('User');
userRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    email: t.exposeString('email'),
    role: t.field({ type: role, resolve: (user) => user.role }),
  }),
});

export const setupRef = builder.objectRef<{ readonly needed: boolean }>('Setup');
setupRef.implement({ fields: (t) => ({ needed: t.exposeBoolean('needed') }) });

const severity = builder.enumType('AlarmSeverity', { values: ['INFO', 'WARNING', 'CRITICAL'] as const });
export const alarmRef = builder.objectRef<Alarm>('Alarm');
alarmRef.implement({
  fields: (t) => ({
    id: t.exposeID('id'),
    code: t.exposeString('code', {
      description: 'Stable, such as EDGE_CLONED, TUNNEL_DOWN, CLOCK_SKEW, CERTIFICATE_EXPIRES.',
    }),
    severity: t.field({ type: severity, resolve: (alarm) => alarm.severity }),
    message: t.exposeString('message', { description: 'What happened, to what, and what to do.' }),
    site: t.field({
      type: siteRef,
      nullable: true,
      resolve: (alarm, _, { core }) => (alarm.site_id === null ? null : core.network.current.sites.get(alarm.site_id)),
    }),
    raisedAt: t.field({ type: 'DateTime', resolve: (alarm) => alarm.raised_at }),
    clearedAt: t.field({ type: 'DateTime', nullable: true, resolve: (alarm) => alarm.cleared_at }),
    acknowledgedAt: t.field({ type: 'DateTime', nullable: true, resolve: (alarm) => alarm.acknowledged_at }),
  }),
});

export const auditRef = builder.objectRef<AuditRow>('AuditEntry');
auditRef.implement({
  fields: (t) => ({
    id: t.id({ resolve: (row) => String(row.number) }),
    at: t.field({ type: 'DateTime', resolve: (row) => row.at }),
    actor: t.exposeString('actor', { description: 'Who: an e-mail address, `edge NAME`, or `local administrator`.' }),
    action: t.exposeString('action', { description: 'What, such as site.add.' }),
    subject: t.exposeString('subject'),
    outcome: t.exposeString('outcome', { description: "OK or the error's code." }),
    sourceAddress: t.exposeString('source_address', { nullable: true }),
  }),
});

export const alarmConnection = connectionOf('AlarmConnection', 'AlarmEdge', alarmRef);
export const auditConnection = connectionOf('AuditEntryConnection', 'AuditEntryEdge', auditRef);

interface SiteCounts {
  readonly up: number;
  readonly degraded: number;
  readonly down: number;
  readonly pending: number;
  readonly total: number;
}
const siteCountsRef = builder.objectRef<SiteCounts>('SiteCounts');
siteCountsRef.implement({
  fields: (t) => ({
    up: t.exposeInt('up'),
    degraded: t.exposeInt('degraded'),
    down: t.exposeInt('down'),
    pending: t.exposeInt('pending'),
    total: t.exposeInt('total'),
  }),
});
const edgeCountsRef = builder.objectRef<{ readonly online: number; readonly total: number }>('EdgeCounts');
edgeCountsRef.implement({ fields: (t) => ({ online: t.exposeInt('online'), total: t.exposeInt('total') }) });

interface ThroughputPoint {
  readonly at: number;
  readonly bitsPerSecond: number;
}
const pointRef = builder.objectRef<ThroughputPoint>('ThroughputPoint');
pointRef.implement({
  fields: (t) => ({
    at: t.field({ type: 'DateTime', resolve: (point) => point.at }),
    // Inside the fabric what one site sends another receives: over all tunnels both are the same sum.
    receivedBitsPerSecond: t.float({ resolve: (point) => point.bitsPerSecond }),
    sentBitsPerSecond: t.float({ resolve: (point) => point.bitsPerSecond }),
  }),
});

function siteCounts({ core }: GraphContext): SiteCounts {
  const network = core.network.current;
  const states = Array.from(network.sites.values(), (site) => core.live.siteState(network, site));
  const count = (state: string) => states.filter((one) => one === state).length;
  return {
    up: count('UP'),
    degraded: count('DEGRADED'),
    down: count('DOWN'),
    pending: count('PENDING'),
    total: states.length,
  };
}

const HISTORY_POINTS = 300;

export const overviewRef = builder.objectRef<Record<string, never>>('Overview');
overviewRef.implement({
  fields: (t) => ({
    sites: t.field({ type: siteCountsRef, resolve: (_, __, context) => siteCounts(context) }),
    edges: t.field({
      type: edgeCountsRef,
      resolve: (_, __, { core }) => {
        const enrolled = [...core.network.current.edges.values()].filter((edge) => edge.state === 'enrolled');
        return { online: enrolled.filter((edge) => core.live.isOnline(edge.id)).length, total: enrolled.length };
      },
    }),
    tunnels: t.field({
      type: tunnelCountsRef,
      resolve: (_, __, context) => countTunnels(context, [...context.core.network.current.tunnels.values()]),
    }),
    throughputBitsPerSecond: t.float({
      description: 'Sum over all tunnels, bits a second of inner packets, newest telemetry.',
      resolve: (_, __, { core }) =>
        core.network.current.tunnels.values().reduce((sum, plan) => {
          const view = core.live.tunnel(plan);
          return sum + view.aToBBitsPerSecond + view.bToABitsPerSecond;
        }, 0),
    }),
    throughputHistory: t.field({
      type: [pointRef],
      description: 'The last minutes of the sum above, oldest first.',
      args: { seconds: t.arg.int({ defaultValue: 600 }) },
      resolve: (_, { seconds }, { core }) =>
        core.telemetry.ticks(clamp(seconds ?? 600, 1, 604_800), HISTORY_POINTS, core.now()).map(({ at, tick }) => ({
          at,
          bitsPerSecond: Object.values(tick).reduce((sum, sample) => sum + sample[3] + sample[4], 0),
        })),
    }),
    activeAlarms: t.int({
      resolve: (_, __, { core }) => core.alarms.all().filter((alarm) => alarm.cleared_at === null).length,
    }),
    controllerVersion: t.string({ resolve: (_, __, { core }) => core.version }),
  }),
});
