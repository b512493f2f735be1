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
import { auditSearch, setupSearch, signInSearch, sitesSearch, topologySearch } from './search.ts';

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

const setup = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  validateSearch: setupSearch,
  component: lazyRouteComponent(() => import('./pages/setup.tsx'), 'SetupPage'),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: signInSearch,
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignInPage'),
});

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview.tsx'), 'OverviewPage'),
});

const sites = createRoute({
  getParentRoute: () => inside,
  path: '/sites',
  validateSearch: sitesSearch,
  component: lazyRouteComponent(() => import('./pages/sites.tsx'), 'SitesPage'),
});

const site = createRoute({
  getParentRoute: () => inside,
  path: '/sites/$siteId',
  component: lazyRouteComponent(() => import('./pages/site.tsx'), 'SitePage'),
});

const topology = createRoute({
  getParentRoute: () => inside,
  path: '/topology',
  validateSearch: topologySearch,
  component: lazyRouteComponent(() => import('./pages/topology.tsx'), 'TopologyPage'),
});

const classes = createRoute({
  getParentRoute: () => inside,
  path: '/classes',
  component: lazyRouteComponent(() => import('./pages/classes.tsx'), 'ClassesPage'),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([setup, signIn, inside.addChildren([overview, sites, site, topology, classes, audit])]),
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
