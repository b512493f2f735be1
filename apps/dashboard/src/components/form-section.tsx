import type { ReactNode } from 'react';

interface FormSectionProps {
  readonly title: string;
  /** What this part of the form decides. */
  readonly lead: ReactNode;
  readonly children: ReactNode;
}

/** A part of a long form: what it is about on one side, its fields on the other. */
export function FormSection({ title, lead, children }: FormSectionProps) {
  return (
    <section className="form-section" aria-label={title}>
      <div>
        <h3>{title}</h3>
        <p className="form-note">{lead}</p>
      </div>
      <div className="form-fields">{children}</div>
    </section>
  );
}
