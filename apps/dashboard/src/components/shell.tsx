import {
  IconAffiliate,
  IconClipboardList,
  IconFilter,
  IconLayoutDashboard,
  IconMapPin,
  IconRoute,
  IconTimeline,
  IconTopologyStar3,
  IconZoomQuestion,
} from '@tabler/icons-react';
import { Link, Outlet } from '@tanstack/react-router';
import { useConnection } from '../live/connection.ts';
import type { User } from '../live/session.ts';
import { type Action, mayDo } from '../rights/permissions.ts';
import { ConnectionBanner } from './connection-banner.tsx';
import { Mark } from './mark.tsx';
import { UserMenu } from './user-menu.tsx';

interface PlaceToGo {
  readonly to: '/' | '/sites' | '/topology' | '/tunnels' | '/bgp' | '/policies' | '/decisions' | '/explain' | '/audit';
  readonly label: string;
  readonly icon: typeof IconMapPin;
  /** What one must be allowed to do to find anything there. */
  readonly needs?: Action;
}

const places: readonly PlaceToGo[] = [
  { to: '/', label: 'Overview', icon: IconLayoutDashboard },
  { to: '/sites', label: 'Sites', icon: IconMapPin },
  { to: '/topology', label: 'Topology', icon: IconTopologyStar3 },
  { to: '/tunnels', label: 'Tunnels', icon: IconRoute },
  { to: '/bgp', label: 'BGP', icon: IconAffiliate },
  { to: '/policies', label: 'Policies', icon: IconFilter },
  { to: '/decisions', label: 'Decisions', icon: IconTimeline },
  { to: '/explain', label: 'Explain', icon: IconZoomQuestion },
  { to: '/audit', label: 'Audit log', icon: IconClipboardList, needs: 'audit.read' },
];

/** The frame around every page of somebody who is signed in. */
export function Shell({ user }: { user: User }) {
  return (
    <div className="shell">
      <a className="skip-link" href="#main">
        Skip to content
      </a>
      <aside className="sidebar">
        <Link to="/" className="brand" aria-label="Patronus, to the overview">
          <Mark />
          <span>Patronus</span>
        </Link>
        <nav aria-label="Main" className="nav">
          {places
            .filter(({ needs }) => !needs || mayDo(user.role, needs))
            .map(({ to, label, icon: Icon }) => (
              <Link key={to} to={to} className="nav-item" activeOptions={{ exact: to === '/' }} aria-label={label}>
                <Icon size={17} stroke={1.7} aria-hidden="true" />
                <span>{label}</span>
              </Link>
            ))}
        </nav>
        <div className="sidebar-foot">
          <LiveNote />
          <UserMenu user={user} />
        </div>
      </aside>
      <main className="main" id="main" tabIndex={-1} style={{ outline: 'none' }}>
        <Outlet />
      </main>
      <ConnectionBanner />
    </div>
  );
}

function LiveNote() {
  const isLive = useConnection() === 'open';
  return (
    <div className="live-note" title={isLive ? 'Everything on screen changes by itself' : undefined}>
      <i className="live-dot" data-live={isLive} />
      <span>{isLive ? 'Live' : 'Connecting…'}</span>
    </div>
  );
}
