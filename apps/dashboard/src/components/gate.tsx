import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { Mark } from './mark.tsx';

interface GateProps {
  readonly title: string;
  readonly lead: ReactNode;
  readonly children: ReactNode;
}

/** The frame of the pages before one is signed in. */
export function Gate({ title, lead, children }: GateProps) {
  useEffect(() => {
    document.title = `${title} · Patronus`;
  }, [title]);
  return (
    <main className="gate">
      <div className="gate-card">
        <Mark size={38} />
        <h1>{title}</h1>
        <p className="page-lead">{lead}</p>
        {children}
      </div>
    </main>
  );
}
