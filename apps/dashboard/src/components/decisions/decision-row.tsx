import { IconArrowRight, IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Decision } from '../../decisions/model.ts';
import { inLocalTime, ruleName, treatmentBounds, treatmentName, troubleRules } from '../../decisions/words.ts';
import { formatAgo, formatMoment } from '../../format/time.ts';

interface DecisionRowProps {
  readonly decision: Decision;
  readonly now: number;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
  /** What the row opens to. */
  readonly children?: ReactNode;
}

/** One change of path as a sentence; it opens to all that led to it. */
export function DecisionRow({ decision, now, isOpen, onToggle, children }: DecisionRowProps) {
  const { at, rule, reason, edge, remoteEdge, treatment, chosenLabel, previousLabel } = decision;
  const Chevron = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <li className="decision" data-open={isOpen} data-testid="decision">
      <button
        type="button"
        className="decision-head mantine-focus-auto"
        aria-expanded={isOpen}
        onClick={onToggle}
        data-trouble={troubleRules.has(rule)}
      >
        <Chevron size={15} className="muted" aria-hidden="true" />
        <span className="decision-what">
          <span className="decision-line">
            <strong>
              {edge?.site.name ?? 'a site that is no more'}{' '}
              <IconArrowRight size={13} stroke={2} className="muted" aria-label="to" />{' '}
              {remoteEdge?.site.name ?? 'a site that is no more'}
            </strong>
            <span className="muted" title={treatmentBounds(treatment)}>
              {treatmentName(treatment)}
            </span>
            <span className="chip" data-trouble={troubleRules.has(rule)}>
              {ruleName(rule)}
            </span>
          </span>
          <span className="decision-reason">{inLocalTime(reason)}</span>
          <Change from={previousLabel} to={chosenLabel} />
        </span>
        <time className="muted numeric" dateTime={at} title={formatMoment(at)}>
          {formatAgo(at, now)}
        </time>
      </button>
      {isOpen && children}
    </li>
  );
}

function Change({ from, to }: { from: string | null; to: string | null }) {
  if (from === to) return null;
  return (
    <span className="decision-change muted">
      {from ?? 'nothing'} <IconArrowRight size={12} stroke={2} aria-label="then" /> <b>{to ?? 'nothing'}</b>
    </span>
  );
}
