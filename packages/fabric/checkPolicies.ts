/**
 * What policies, SLA classes and applications have to fulfil before they go out: that what they name is there, that
 * each can have an effect, and that the author means the ones with a large effect.
 */
import type { Finding } from './check.ts';
import { breakoutUplinks, sitePrefixes } from './compilePolicies.ts';
import type { Model, Policy, Site, Uplink } from './model.ts';
import { hiddenPolicies, MAX_MATCHED_PREFIXES, MAX_POLICIES, matchFaults } from './policies.ts';

/** In the order in which their findings are shown. */
export const policyChecks: readonly ((model: Model) => Finding[])[] = [
  tooManyPolicies,
  duplicateNames,
  impossiblePolicies,
  unknownNames,
  tooWidePolicies,
  unknownLabels,
  breakoutsWithoutUplink,
  everythingDenied,
  uselessPolicies,
  drainedSites,
];

function tooManyPolicies({ policies }: Model): Finding[] {
  if (policies.length <= MAX_POLICIES) return [];
  return [error('TOO_MANY_POLICIES', `${policies.length} policies; there can be ${MAX_POLICIES}: merge some`)];
}

/** Applications may share a name: a later catalogue may bring one that the organisation had first. */
function duplicateNames({ policies, slaClasses = [] }: Model): Finding[] {
  const ofPolicies = sameNames(policies).map(([one, other]) =>
    error('POLICY_NAME_TAKEN', `two policies are called ${one.name}; give one of them another name`, other),
  );
  const ofClasses = sameNames(slaClasses).map(([{ name }]) =>
    error('SLA_CLASS_NAME_TAKEN', `two SLA classes are called ${name}; give one of them another name`),
  );
  return [...ofPolicies, ...ofClasses];
}

function impossiblePolicies({ policies }: Model): Finding[] {
  return policies.flatMap((policy) =>
    matchFaults(policy.match).map(({ code, message }) => error(code, `policy ${policy.name}: ${message}`, policy)),
  );
}

/** Sites, applications and SLA classes go by their ids: one that is not there could never be meant. */
function unknownNames({ policies, sites, slaClasses = [], applications = [] }: Model): Finding[] {
  const [knownSites, knownApplications, knownClasses] = [sites, applications, slaClasses].map(
    (list: readonly { readonly id: string }[]) => new Set(list.map(({ id }) => id)),
  ) as [Set<string>, Set<string>, Set<string>];
  return policies.flatMap((policy) => {
    const { name, match, slaClassId } = policy;
    const strangers = [...(match.sourceSites ?? []), ...(match.destinationSites ?? [])];
    return [
      ...strangers
        .filter((id) => !knownSites.has(id))
        .map((id) => error('POLICY_SITE_UNKNOWN', `policy ${name} names the site ${id}, which is not there`, policy)),
      ...(match.applications ?? [])
        .filter((id) => !knownApplications.has(id))
        .map((id) =>
          error('POLICY_APPLICATION_UNKNOWN', `policy ${name} names the application ${id}, which is not there`, policy),
        ),
      ...(slaClassId == null || knownClasses.has(slaClassId)
        ? []
        : [
            error(
              'POLICY_SLA_CLASS_UNKNOWN',
              `policy ${name} asks for the SLA class ${slaClassId}, which is not there: give it another one first, or none`,
              policy,
            ),
          ]),
    ];
  });
}

function tooWidePolicies(model: Model): Finding[] {
  return model.policies.flatMap((policy) => {
    const { sources, sourceSites, destinations, destinationSites } = policy.match;
    const most = Math.max(
      sitePrefixes(model, sources, sourceSites)?.length ?? 0,
      sitePrefixes(model, destinations, destinationSites)?.length ?? 0,
    );
    if (most <= MAX_MATCHED_PREFIXES) return [];
    const message = `policy ${policy.name}: its sites have ${most} prefixes on one side, and a policy can name ${MAX_MATCHED_PREFIXES}; name wider prefixes instead, or make two policies`;
    return [error('POLICY_TOO_WIDE', message, policy)];
  });
}

/** A label that no uplink has is passed over when paths are ordered; here somebody may have mistyped one. */
function unknownLabels({ policies, uplinks }: Model): Finding[] {
  const known = new Set(uplinks.map(({ label }) => label));
  return policies.flatMap((policy) =>
    labelsOf(policy)
      .filter((label) => !known.has(label))
      .map((label) =>
        warning(
          'POLICY_LABEL_UNKNOWN',
          `policy ${policy.name} names uplinks labelled ${label}, and no site has one: it has no effect; the labels there are: ${[...known].sort().join(', ') || 'none'}`,
          policy,
        ),
      ),
  );
}

function labelsOf({ path, action, breakoutLabels = [] }: Policy): string[] {
  const ofPath =
    path?.mode === 'ordered' ? path.labels : path?.mode === 'balance' ? path.weights.map(({ label }) => label) : [];
  return [...new Set([...ofPath, ...(action === 'breakout' ? breakoutLabels : [])])];
}

/** Its packets are dropped there rather than sent another way. */
function breakoutsWithoutUplink(model: Model): Finding[] {
  return model.policies
    .filter(({ action }) => action === 'breakout')
    .flatMap((policy) => {
      const labels = policy.breakoutLabels ?? [];
      const from = policy.match.sourceSites;
      const lacking = model.sites
        .filter((site) => from === undefined || from.includes(site.id))
        .filter((site) => breakoutUplinks(uplinksOf(model, site), labels).length === 0);
      if (lacking.length === 0) return [];
      const message = `policy ${policy.name} sends packets out at their own site, and ${namesOf(lacking)} ${lacking.length === 1 ? 'has' : 'have'} no uplink ${labels.length === 0 ? 'at all' : `labelled ${labels.join(' or ')}`}: there its packets are dropped; name another label, or the sites it is for`;
      return [{ ...warning('BREAKOUT_WITHOUT_UPLINK', message, policy), siteIds: lacking.map(({ id }) => id) }];
    });
}

/** A policy without any condition that denies: what no policy in front of it allows is cut off, at every site. */
function everythingDenied({ policies }: Model): Finding[] {
  return policies.flatMap((policy, index) => {
    if (policy.action !== 'deny' || Object.keys(policy.match).length > 0) return [];
    const isFirst = !policies.slice(0, index).some(({ action }) => action !== 'deny');
    const message = isFirst
      ? `policy ${policy.name} denies every packet, and none in front of it allows any: no site reaches another; narrow it, or put what is to pass in front of it`
      : `policy ${policy.name} denies whatever no policy in front of it allows, between all sites`;
    return [warning('EVERYTHING_DENIED', message, policy)];
  });
}

function uselessPolicies(model: Model): Finding[] {
  return Array.from(hiddenPolicies(model.policies, model), ([policy, by]) => {
    const { name } = policy;
    const [isDenied, byDeny] = [policy.action === 'deny', by.action === 'deny'];
    const instead =
      isDenied && !byDeny
        ? `denies nothing: ${by.name}, which is asked first, lets all of its through`
        : !isDenied && byDeny
          ? `gets no packet: ${by.name}, which is asked first, denies all of its`
          : `gets no packet: ${by.name}, which is asked first, takes all of its`;
    return warning('POLICY_HIDDEN', `policy ${name} ${instead}; move ${name} in front of it, or remove it`, policy);
  });
}

/** Drained uplinks still carry what has no other way. */
function drainedSites(model: Model): Finding[] {
  return model.sites
    .filter((site) => {
      const uplinks = uplinksOf(model, site);
      return uplinks.length > 0 && uplinks.every(({ isDrained }) => isDrained === true);
    })
    .map((site) => ({
      ...warning(
        'SITE_DRAINED',
        `every uplink of ${site.name} is drained: its traffic goes on over them, as there is no other, and stops when they are unplugged; put one back into service`,
      ),
      siteIds: [site.id],
    }));
}

function uplinksOf({ edges, uplinks }: Model, site: Site): Uplink[] {
  const own = new Set(edges.filter(({ siteId }) => siteId === site.id).map(({ id }) => id));
  return uplinks.filter(({ edgeId }) => own.has(edgeId));
}

function namesOf(sites: readonly Site[]): string {
  const [shown, more] = [sites.slice(0, 3).map(({ name }) => name), sites.length - 3];
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(' and ');
}

function sameNames<T extends { readonly name: string }>(list: readonly T[]): [T, T][] {
  const first = new Map<string, T>();
  return list.flatMap((one): [T, T][] => {
    const key = one.name.toLowerCase();
    const earlier = first.get(key);
    if (earlier !== undefined) return [[earlier, one]];
    first.set(key, one);
    return [];
  });
}

function error(code: string, message: string, policy?: Policy): Finding {
  return { severity: 'error', code, message, siteIds: [], ...(policy === undefined ? {} : { policyId: policy.id }) };
}

function warning(code: string, message: string, policy?: Policy): Finding {
  return { ...error(code, message, policy), severity: 'warning' };
}
