/** Who may do what: the only place that says so. */
import type { RoleName } from '../store/tables.ts';

type Holder = RoleName | 'ANYONE';

const everyone = ['ANYONE', 'VIEWER', 'OPERATOR', 'ADMINISTRATOR'] as const;
const people = ['VIEWER', 'OPERATOR', 'ADMINISTRATOR'] as const;
const operators = ['OPERATOR', 'ADMINISTRATOR'] as const;
const administrators = ['ADMINISTRATOR'] as const;

const table = {
  'setup.read': everyone,
  'session.read': everyone,
  'administrator.create': everyone,
  'session.create': everyone,
  'session.end': people,
  'network.read': people,
  'schema.read': people,
  'audit.read': operators,
  'site.add': operators,
  'site.update': operators,
  'site.remove': administrators,
  'token.create': operators,
  'edge.enrol': everyone,
  'certificate.renew': everyone,
  'edge.revoke': administrators,
  'peer.add': operators,
  'peer.remove': operators,
  'policy.add': operators,
  'policy.update': operators,
  'policy.remove': operators,
  'sla.add': operators,
  'sla.update': operators,
  'sla.remove': operators,
  'application.add': operators,
  'application.update': operators,
  'application.remove': operators,
  'uplink.drain': operators,
  'uplink.undrain': operators,
  'bfd.update': operators,
  'bfd.peer.add': operators,
  'bfd.peer.remove': operators,
  'bgp.update': operators,
  'bgp.neighbour.add': operators,
  'bgp.neighbour.update': operators,
  'bgp.neighbour.remove': operators,
  'bgp.allowance.add': operators,
  'bgp.allowance.update': operators,
  'bgp.allowance.remove': operators,
  'steering.update': operators,
  'alarm.acknowledge': operators,
} as const satisfies Record<string, readonly Holder[]>;

export type Action = keyof typeof table;

export function mayDo(role: Holder | undefined, action: Action): boolean {
  return (table[action] as readonly Holder[]).includes(role ?? 'ANYONE');
}
