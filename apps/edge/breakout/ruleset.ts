/**
 * The table of nftables that does the policies `breakout` and `deny` for what leaves the site for the internet: new
 * connections find their policy once, and get the mark of an uplink that works; all that follows of a connection keeps
 * its mark, so the kernel forwards it at its own speed and the edge may even be gone. Pure: text for `nft -f`.
 */

import { formatPrefix, parseAddress } from '@patronus/net';
import type { ApplicationConfiguration, Configuration, Policy } from '@patronus/protocol';
import { failClosed } from '../kernel/desired.ts';
import { breakoutMark, breakoutMasks, dnsLog, filterTable, refusedMarks, tunName } from '../kernel/plan.ts';
import { matchChains, nameSet, prefixesOf } from './match.ts';

/** The uplink by whose number each family of a policy's new connections leaves; undefined: none would do. */
export type Choice = Readonly<Partial<Record<4 | 6, number>>>;

export interface LearntName {
  readonly applicationId: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly lifeMs: number;
}

export interface RulesetPlan {
  readonly configuration: Configuration;
  /** Each policy's own number, which its connections keep while others come and go. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly choices: ReadonlyMap<string, Choice>;
  readonly learnt: readonly LearntName[];
}

const mostNames = 4096;
const hex = (value: number) => `0x${value.toString(16)}`;

/** The policies that concern the internet, and those before them that take something away from them. */
export function internetPolicies({ policies }: Configuration): Policy[] {
  const ours = policies.filter(({ match }) => (match.segment ?? 0) === 0);
  const last = ours.findLastIndex(({ action }) => action !== 'allow');
  return ours.slice(0, last + 1);
}

/** Removes the table, which need not be there. */
export const removal = `table inet ${filterTable}\ndelete table inet ${filterTable}\n`;

/** The whole of it, in place of whatever stood there before, in one step. */
export function ruleset(plan: RulesetPlan): string {
  const { configuration, numbers } = plan;
  const policies = internetPolicies(configuration);
  const applications = new Map(configuration.applications.map((one) => [one.id, one]));
  const uplinks = configuration.uplinks.map((uplink) => `"${uplink.interface}"`).join(', ');
  const notLan = `{ ${['"lo"', `"${tunName}"`, uplinks].filter((name) => name !== '').join(', ')} }`;
  const named = namedApplications(policies, applications);
  const breakouts = policies.filter(({ action }) => action === 'breakout');
  const any = `ct mark & ${hex(breakoutMasks.any)} == ${hex(breakoutMark(0))}`;
  return [
    `${removal}table inet ${filterTable} {`,
    ...fabricSets(configuration),
    ...named.flatMap(({ id }) => nameSets(id)),
    ...policies.flatMap((policy) => countersOf(policy, numbers)),
    ...chain('arriving', 'type filter hook prerouting priority mangle; policy accept;', [
      `iifname ${notLan} accept`,
      'fib daddr type { local, broadcast, multicast } accept',
      'ip daddr @fabric4 accept',
      'ip6 daddr @fabric6 accept',
      ...(breakouts.length === 0 ? [] : [countSent(breakouts, numbers)]),
      `ct direction original ${any} meta mark set ct mark accept`,
      'ct state != new accept',
      // In the middle of a connection that was there before us it is too late to choose.
      'tcp flags & (fin | syn | rst | ack) != syn accept',
      ...policies.map((policy) => `jump ${chainOf('policy', policy, numbers)}`),
    ]),
    ...policies.flatMap((policy) => matching(policy, applications, numbers)),
    ...policies.flatMap((policy) => found(policy, numbers)),
    ...breakouts.flatMap((policy) => chain(chainOf('choice', policy, numbers), undefined, choiceRules(plan, policy))),
    ...chain('refusing', 'type filter hook forward priority filter; policy accept;', [
      `meta mark ${hex(refusedMarks.denied)} reject with icmpx type admin-prohibited`,
      `meta mark ${hex(refusedMarks.noUplink)} reject with icmpx type no-route`,
    ]),
    ...(uplinks === ''
      ? []
      : chain('leaving', 'type nat hook postrouting priority srcnat; policy accept;', [
          `oifname { ${uplinks} } ${any} masquerade`,
        ])),
    ...(named.length === 0
      ? []
      : chain('answering', 'type filter hook postrouting priority 300; policy accept;', [
          `oifname != ${notLan} udp sport 53 log group ${dnsLog.group} snaplen ${dnsLog.longestPacket}`,
        ])),
    '}',
    ...plan.learnt.map(learntElement),
    '',
  ].join('\n');
}

/** Only where new connections of these policies go; nothing else changes. */
export function choiceChange(plan: RulesetPlan, policies: readonly Policy[]): string {
  return policies
    .flatMap((policy) => {
      const name = chainOf('choice', policy, plan.numbers);
      const rules = choiceRules(plan, policy).map((rule) => `add rule inet ${filterTable} ${name} ${rule}`);
      return [`flush chain inet ${filterTable} ${name}`, ...rules];
    })
    .concat('')
    .join('\n');
}

/** An address that DNS gave, for as long as it said; one that is there already starts its time anew. */
export function learntElement({ applicationId, family, address, lifeMs }: LearntName): string {
  const set = `inet ${filterTable} ${nameSet(applicationId, family)}`;
  const seconds = Math.max(1, Math.ceil(lifeMs / 1000));
  return [
    `add element ${set} { ${address} }`,
    `delete element ${set} { ${address} }`,
    `add element ${set} { ${address} timeout ${seconds}s }`,
  ].join('\n');
}

/** Applications known by name that a policy for the internet asks for. */
export function namedApplications(
  policies: readonly Policy[],
  applications: ReadonlyMap<string, ApplicationConfiguration>,
): ApplicationConfiguration[] {
  const ids = new Set(policies.flatMap(({ match }) => match.applications ?? []));
  return [...ids].flatMap((id) => {
    const application = applications.get(id);
    return application === undefined || application.names.length === 0 ? [] : [application];
  });
}

function choiceRules({ choices, numbers }: RulesetPlan, { id }: Policy): string[] {
  const choice = choices.get(id) ?? {};
  const chosen = ([4, 6] as const).flatMap((family) => {
    const uplink = choice[family];
    if (uplink === undefined) return [];
    const mark = hex(breakoutMark(uplink, numbers.get(id)));
    return [
      `meta nfproto ipv${family} ct mark set ${mark} meta mark set ${mark} counter name "sent-${numbers.get(id)}" accept`,
    ];
  });
  return [...chosen, `meta mark set ${hex(refusedMarks.noUplink)} accept`];
}

function matching(
  policy: Policy,
  applications: ReadonlyMap<string, ApplicationConfiguration>,
  numbers: ReadonlyMap<string, number>,
): string[] {
  const rest = chainOf('rest', policy, numbers);
  const { first, behindPorts } = matchChains(policy, applications, rest, chainOf('found', policy, numbers));
  return [
    ...chain(chainOf('policy', policy, numbers), undefined, first),
    ...(behindPorts.length === 0 ? [] : chain(rest, undefined, behindPorts)),
  ];
}

function found(policy: Policy, numbers: ReadonlyMap<string, number>): string[] {
  const number = numbers.get(policy.id);
  const name = chainOf('found', policy, numbers);
  if (policy.action === 'allow') return chain(name, undefined, ['accept']);
  const count = `counter name "flows-${number}"`;
  return policy.action === 'deny'
    ? chain(name, undefined, [`${count} meta mark set ${hex(refusedMarks.denied)} accept`])
    : chain(name, undefined, [`${count} goto ${chainOf('choice', policy, numbers)}`]);
}

function countersOf({ id, action }: Policy, numbers: ReadonlyMap<string, number>): string[] {
  const number = numbers.get(id);
  const kinds = action === 'allow' ? [] : action === 'deny' ? ['flows'] : ['flows', 'sent'];
  return kinds.map((kind) => `  counter ${kind}-${number} {\n  }`);
}

function countSent(breakouts: readonly Policy[], numbers: ReadonlyMap<string, number>): string {
  const elements = breakouts.map(({ id }) => {
    const number = numbers.get(id)!;
    return `${hex(number << 6)} : "sent-${number}"`;
  });
  const key = `ct mark & ${hex(breakoutMasks.policy)}`;
  const isOurs = `ct direction original ct mark & ${hex(breakoutMasks.any)} == ${hex(breakoutMark(0))}`;
  return `${isOurs} counter name ${key} map { ${elements.join(', ')} }`;
}

/** What belongs to the fabric, this site's own too. A default route through the fabric is what one breaks out of. */
function fabricSets(configuration: Configuration): string[] {
  const prefixes = failClosed(configuration)
    .routes.map(({ prefix }) => prefix)
    .filter(({ length }) => length > 0)
    .map(formatPrefix);
  const own = parseAddress(configuration.edge.overlayAddress)!;
  const overlay = `${configuration.edge.overlayAddress}/${own.family === 4 ? 32 : 128}`;
  return ([4, 6] as const).flatMap((family) => {
    const elements = prefixesOf([...prefixes, overlay], family);
    const filled = elements.length === 0 ? [] : [`    elements = { ${elements.join(', ')} }`];
    return [`  set fabric${family} {`, `    type ipv${family}_addr`, '    flags interval', ...filled, '  }'];
  });
}

function nameSets(id: string): string[] {
  return ([4, 6] as const).flatMap((family) => [
    `  set ${nameSet(id, family)} {`,
    `    type ipv${family}_addr`,
    '    flags timeout',
    `    size ${mostNames}`,
    '  }',
  ]);
}

function chainOf(
  kind: 'policy' | 'rest' | 'found' | 'choice',
  { id }: Policy,
  numbers: ReadonlyMap<string, number>,
): string {
  return `${kind}-${numbers.get(id)}`;
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  return [
    `  chain ${name} {`,
    ...(hook === undefined ? [] : [`    ${hook}`]),
    ...rules.map((rule) => `    ${rule}`),
    '  }',
  ];
}
