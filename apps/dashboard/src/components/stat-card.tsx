import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

interface StatCardProps {
  readonly label: string;
  readonly icon: ReactNode;
  readonly value: ReactNode;
  readonly note: ReactNode;
  readonly to?: '/sites' | '/topology';
}

/** One number that matters, what it is out of, and one line of meaning. */
export function StatCard({ label, icon, value, note, to }: StatCardProps) {
  const content = (
    <>
      <div className="stat-label">
        {label}
        {icon}
      </div>
      <div className="stat-value">{value}</div>
      <div className="stat-note">{note}</div>
    </>
  );
  if (!to) return <div className="card stat">{content}</div>;
  return (
    <Link to={to} className="card stat">
      {content}
    </Link>
  );
}
