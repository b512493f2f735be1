/** What the address of each page may carry after its `?`: filters, order and what is chosen, so that it can be sent on. */

const siteStates = ['UP', 'DEGRADED', 'DOWN', 'PENDING'] as const;

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

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function flag(value: unknown): true | undefined {
  return value === true ? true : undefined;
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
