import { Link } from '@tanstack/react-router';

interface Tab {
  readonly to: string;
  readonly label: string;
}

/** Pages that belong together, as links in one line. */
export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <nav className="tabs" aria-label={label}>
      {tabs.map(({ to, label }) => (
        <Link key={to} to={to as never} className="tab" activeOptions={{ exact: true, includeSearch: false }}>
          {label}
        </Link>
      ))}
    </nav>
  );
}

export const policyTabs: readonly Tab[] = [
  { to: '/policies', label: 'Policies' },
  { to: '/policies/sla', label: 'SLA classes' },
  { to: '/policies/applications', label: 'Applications' },
  { to: '/policies/steering', label: 'Steering' },
];

export const tunnelTabs: readonly Tab[] = [
  { to: '/tunnels', label: 'Quality' },
  { to: '/tunnels/bfd', label: 'BFD sessions' },
];
