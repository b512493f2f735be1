import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { formatRate } from '../format/rate.ts';

/** Received and sent, in bits a second, one above the other. */
export function Rates({ received, sent }: { received: number; sent: number }) {
  return (
    <span className="numeric" style={{ display: 'inline-grid', lineHeight: 1.35 }}>
      <span>
        {formatRate(received)} <IconArrowDown size={11} stroke={2} aria-label="received" className="muted" />
      </span>
      <span className="muted">
        {formatRate(sent)} <IconArrowUp size={11} stroke={2} aria-label="sent" />
      </span>
    </span>
  );
}
