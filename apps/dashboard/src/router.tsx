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
import {
  applicationsSearch,
  auditSearch,
  bfdSearch,
  bgpSearch,
  decisionsSearch,
  explainSearch,
  setupSearch,
  signInSearch,
  sitesSearch,
  steeringSearch,
  topologySearch,
  tunnelsSearch,
} from './search.ts';

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

const policies = createRoute({
  getParentRoute: () => inside,
  path: '/policies',
  component: lazyRouteComponent(() => import('./pages/policies.tsx'), 'PoliciesPage'),
});

const slaClasses = createRoute({
  getParentRoute: () => inside,
  path: '/policies/sla',
  component: lazyRouteComponent(() => import('./pages/sla-classes.tsx'), 'SlaClassesPage'),
});

const applications = createRoute({
  getParentRoute: () => inside,
  path: '/policies/applications',
  validateSearch: applicationsSearch,
  component: lazyRouteComponent(() => import('./pages/applications.tsx'), 'ApplicationsPage'),
});

const steering = createRoute({
  getParentRoute: () => inside,
  path: '/policies/steering',
  validateSearch: steeringSearch,
  component: lazyRouteComponent(() => import('./pages/steering.tsx'), 'SteeringPage'),
});

const tunnels = createRoute({
  getParentRoute: () => inside,
  path: '/tunnels',
  validateSearch: tunnelsSearch,
  component: lazyRouteComponent(() => import('./pages/tunnels.tsx'), 'TunnelsPage'),
});

const bfd = createRoute({
  getParentRoute: () => inside,
  path: '/tunnels/bfd',
  validateSearch: bfdSearch,
  component: lazyRouteComponent(() => import('./pages/bfd.tsx'), 'BfdPage'),
});

const tunnel = createRoute({
  getParentRoute: () => inside,
  path: '/tunnels/$tunnelId',
  component: lazyRouteComponent(() => import('./pages/tunnel.tsx'), 'TunnelPage'),
});

const bgp = createRoute({
  getParentRoute: () => inside,
  path: '/bgp',
  validateSearch: bgpSearch,
  component: lazyRouteComponent(() => import('./pages/bgp.tsx'), 'BgpPage'),
});

const decisions = createRoute({
  getParentRoute: () => inside,
  path: '/decisions',
  validateSearch: decisionsSearch,
  component: lazyRouteComponent(() => import('./pages/decisions.tsx'), 'DecisionsPage'),
});

const explain = createRoute({
  getParentRoute: () => inside,
  path: '/explain',
  validateSearch: explainSearch,
  component: lazyRouteComponent(() => import('./pages/explain.tsx'), 'ExplainPage'),
});

const audit = createRoute({
  getParentRoute: () => inside,
  path: '/audit',
  validateSearch: auditSearch,
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'AuditPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    setup,
    signIn,
    inside.addChildren([
      ...([overview, sites, site, topology, tunnels, bfd, tunnel, bgp] as const),
      ...([policies, slaClasses, applications, steering, decisions, explain, audit] as const),
    ]),
  ]),
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
