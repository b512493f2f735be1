/** What the address of each page may carry after its `?`: filters, order and what is chosen, so that it can be sent on. */

const siteStates = ['UP', 'DEGRADED', 'DOWN', 'PENDING'] as const;

const tunnelStates = ['UP', 'DOWN', 'CONNECTING', 'UNKNOWN'] as const;
const bfdStates = ['UP', 'INIT', 'DOWN', 'ADMIN_DOWN'] as const;
const applicationKinds = ['own', 'catalogue'] as const;

export interface SetupSearch {
  readonly token?: string;
}

export interface SignInSearch {
  /** Where to go afterwards. */
  readonly to?: string;
  readonly ended?: true;
}

export interface SitesSearch {
  readonly name?: string;
  readonly state?: (typeof siteStates)[number];
  readonly sort?: string;
  readonly desc?: true;
}

export interface TopologySearch {
  readonly view?: 'list';
  readonly site?: string;
  readonly tunnel?: string;
}

export interface AuditSearch {
  readonly actor?: string;
  readonly action?: string;
  readonly after?: string;
  readonly before?: string;
}

export interface ApplicationsSearch {
  readonly name?: string;
  readonly kind?: (typeof applicationKinds)[number];
}

export interface TunnelsSearch {
  readonly site?: string;
  readonly state?: (typeof tunnelStates)[number];
  readonly sort?: string;
  readonly desc?: true;
}

export interface BfdSearch {
  readonly site?: string;
  readonly state?: (typeof bfdStates)[number];
}

export interface BgpSearch {
  readonly site?: string;
}

export interface DecisionsSearch {
  /** Where the path begins, and where it leads. */
  readonly site?: string;
  readonly to?: string;
  readonly treatment?: string;
  readonly tunnel?: string;
  readonly rule?: string;
  /** No older than this. */
  readonly minutes?: number;
  readonly after?: string;
  readonly before?: string;
  /** The decision that is opened. */
  readonly open?: string;
}

/** Over which time and at which site a what-if looks. */
export interface SteeringSearch {
  readonly site?: string;
  readonly hours?: number;
}

export interface ExplainSearch {
  readonly from?: string;
  readonly to?: string;
  readonly protocol?: string;
  readonly port?: number;
  readonly dscp?: number;
  readonly application?: string;
}

type Raw = Readonly<Record<string, unknown>>;

export function setupSearch({ token }: Raw): SetupSearch {
  return defined({ token: text(token) });
}

export function signInSearch({ to, ended }: Raw): SignInSearch {
  return defined({ to: ownPath(to), ended: flag(ended) });
}

export function sitesSearch({ name, state, sort, desc }: Raw): SitesSearch {
  return defined({ name: text(name), state: oneOf(siteStates, state), sort: text(sort), desc: flag(desc) });
}

export function topologySearch({ view, site, tunnel }: Raw): TopologySearch {
  return defined({ view: oneOf(['list'], view), site: text(site), tunnel: text(tunnel) });
}

export function auditSearch({ actor, action, after, before }: Raw): AuditSearch {
  return defined({ actor: text(actor), action: text(action), after: text(after), before: text(before) });
}

export function applicationsSearch({ name, kind }: Raw): ApplicationsSearch {
  return defined({ name: text(name), kind: oneOf(applicationKinds, kind) });
}

export function tunnelsSearch({ site, state, sort, desc }: Raw): TunnelsSearch {
  return defined({ site: text(site), state: oneOf(tunnelStates, state), sort: text(sort), desc: flag(desc) });
}

export function bfdSearch({ site, state }: Raw): BfdSearch {
  return defined({ site: text(site), state: oneOf(bfdStates, state) });
}

export function bgpSearch({ site }: Raw): BgpSearch {
  return defined({ site: text(site) });
}

export function decisionsSearch(raw: Raw): DecisionsSearch {
  return defined({
    ...{ site: text(raw.site), to: text(raw.to), treatment: text(raw.treatment), tunnel: text(raw.tunnel) },
    ...{ rule: text(raw.rule), minutes: whole(raw.minutes, 100_000), open: text(raw.open) },
    ...{ after: text(raw.after), before: text(raw.before) },
  });
}

export function steeringSearch({ site, hours }: Raw): SteeringSearch {
  return defined({ site: text(site), hours: whole(hours, 720) });
}

export function explainSearch({ from, to, protocol, port, dscp, application }: Raw): ExplainSearch {
  return defined({
    ...{ from: text(from), to: text(to), protocol: text(protocol), application: text(application) },
    ...{ port: whole(port, 65_535), dscp: whole(dscp, 63) },
  });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function flag(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

function whole(value: unknown, most: number): number | undefined {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most ? (value as number) : undefined;
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value);
}

/** Only paths of our own: a link must not send somebody to another site after signing in. */
function ownPath(value: unknown): string | undefined {
  return typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : undefined;
}

/** Leaves out what is undefined, so that it does not show up in the URL. */
function defined<Search extends object>(search: Search): { [Key in keyof Search]?: NonNullable<Search[Key]> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as never;
}
