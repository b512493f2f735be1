import { type ReactNode, useEffect } from 'react';

interface PageProps {
  readonly title: ReactNode;
  /** For the browser's tab, where the title is not plain text. */
  readonly tab?: string;
  readonly lead?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** The head every page has: what this is, one line about it, what can be done here. */
export function Page({ title, tab, lead, actions, children }: PageProps) {
  const name = tab ?? (typeof title === 'string' ? title : undefined);
  useEffect(() => {
    document.title = name ? `${name} · Patronus` : 'Patronus';
  }, [name]);
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p className="page-lead">{lead}</p>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

interface CardProps {
  readonly title?: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

export function Card({ title, aside, children }: CardProps) {
  return (
    <section className="card" aria-label={title}>
      {title && (
        <div className="card-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {children}
    </section>
  );
}
