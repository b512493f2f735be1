/**
 * Which buttons a role sees. The controller decides for itself whatever is sent to it; this table only keeps the page
 * from offering what it would refuse. Its test holds it against the controller's own table.
 */

export type Role = 'VIEWER' | 'OPERATOR' | 'ADMINISTRATOR';

const operators = ['OPERATOR', 'ADMINISTRATOR'] as const;
const administrators = ['ADMINISTRATOR'] as const;

const table = {
  'audit.read': operators,
  'site.add': operators,
  'site.update': operators,
  'site.remove': administrators,
  'token.create': operators,
  'edge.revoke': administrators,
  'peer.add': operators,
  'peer.remove': operators,
  'alarm.acknowledge': operators,
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
  'bgp.update': operators,
  'bgp.neighbour.add': operators,
  'bgp.neighbour.update': operators,
  'bgp.neighbour.remove': operators,
  'bgp.allowance.add': operators,
  'bgp.allowance.update': operators,
  'bgp.allowance.remove': operators,
  'steering.update': operators,
} as const satisfies Record<string, readonly Role[]>;

export type Action = keyof typeof table;

export const actions = Object.keys(table) as readonly Action[];

export function mayDo(role: Role, action: Action): boolean {
  return (table[action] as readonly Role[]).includes(role);
}
