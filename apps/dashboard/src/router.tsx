import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  useLoaderData,
} from '@tanstack/react-router';
import { Shell } from './components/shell.tsx';
import { StartProblem } from './components/start-problem.tsx';
import { onSignedOut } from './live/client.ts';
import { forgetSession, session } from './live/session.ts';
import { NotFoundPage } from './pages/not-found.tsx';

const root = createRootRoute({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: StartProblem,
});

/** Everything behind sign-in hangs below this route, which sends others to where they can come in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  // Somebody else may sign in next: who was signed in is not kept.
  gcTime: 0,
  loader: async ({ location }) => {
    const { me, setup } = await session();
    if (me) return { user: me };
    if (setup.needed) throw redirect({ to: '/setup', search: {} });
    throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { to: location.href } });
  },
  component: function Inside() {
    const { user } = useLoaderData({ from: '/inside' });
    return <Shell user={user} />;
  },
  notFoundComponent: NotFoundPage,
});

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const oneOf = <Word extends string>(words: readonly Word[], value: unknown) => words.find((word) => word === value);

/** Only paths of our own: a link must not send somebody to another site after signing in. */
const ownPath = (value: unknown) => (typeof value === 'string' && /^\/(?![/\\])/.test(value) ? value : undefined);

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: (search): { token?: string } => defined({ token: text(search.token) }),
  component: lazyRouteComponent(() => import('./pages/setup.tsx'), 'SetupPage'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { to?: string; ended?: true } =>
    defined({ to: ownPath(search.to), ended: search.ended === true ? (true as const) : undefined }),
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
});

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
});

const siteStates = ['UP', 'DEGRADED', 'DOWN', 'PENDING'] as const;

export interface SitesSearch {
  readonly name?: string;
  readonly state?: (typeof siteStates)[number];
  readonly sort?: string;
  readonly desc?: true;
}

const sites = createRoute({
  getParentRoute: () => inside,
  path: '/sites',
  validateSearch: (search): SitesSearch =>
    defined({
      name: text(search.name),
      state: oneOf(siteStates, search.state),
      sort: text(search.sort),
      desc: search.desc === true ? (true as const) : undefined,
    }),
  component: lazyRouteComponent(() => import('./pages/sites.tsx'), 'SitesPage'),
});

const site = createRoute({
  getParentRoute: () => inside,
  path: '/sites/$siteId',
  component: lazyRouteComponent(() => import('./pages/site.tsx'), 'SitePage'),
});

export interface TopologySearch {
  readonly view?: 'list';
  readonly site?: string;
  readonly tunnel?: string;
}

const topology = createRoute({
  getParentRoute: () => inside,
  path: '/topology',
  validateSearch: (search): TopologySearch =>
    defined({ view: oneOf(['list'], search.view), site: text(search.site), tunnel: text(search.tunnel) }),
  component: lazyRouteComponent(() => import('./pages/topology.tsx'), 'TopologyPage'),
});

export interface AuditSearch {
  readonly actor?: string;
  readonly action?: string;
  readonly after?: string;
  readonly before?: string;
}

const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: (search): AuditSearch =>
    defined({
      actor: text(search.actor),
      action: text(search.action),
      after: text(search.after),
      before: text(search.before),
    }),
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage'),
});

/** Leaves out what is undefined, so that it does not show up in the URL. */
function defined<Search extends object>(search: Search): { [Key in keyof Search]?: NonNullable<Search[Key]> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as never;
}

export const router = createRouter({
  routeTree: root.addChildren([setup, signIn, inside.addChildren([overview, sites, site, topology, audit])]),
  defaultPreload: 'intent',
  scrollRestoration: true,
});

onSignedOut(() => {
  const { pathname, href } = router.state.location;
  if (pathname === '/sign-in' || pathname === '/setup') return;
  forgetSession();
  void router.navigate({ to: '/sign-in', search: { to: href, ended: true } });
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
