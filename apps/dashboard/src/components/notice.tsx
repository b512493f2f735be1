import { IconAlertTriangle, IconCheck, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';

const looks = {
  down: { icon: IconAlertTriangle, role: 'alert' },
  warn: { icon: IconAlertTriangle, role: 'status' },
  up: { icon: IconCheck, role: 'status' },
  accent: { icon: IconInfoCircle, role: 'status' },
} as const;

/** A line above a form or a card that must be read: what went wrong, or what happens next. */
export function Notice({ tone, children }: { tone: keyof typeof looks; children: ReactNode }) {
  const { icon: Icon, role } = looks[tone];
  return (
    <div className="notice" data-tone={tone} role={role}>
      <Icon size={16} aria-hidden="true" />
      <div>{children}</div>
    </div>
  );
}
