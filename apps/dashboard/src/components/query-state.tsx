import { Skeleton } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Problem } from '../live/problem.ts';
import type { LiveQuery } from '../live/use-live-query.ts';

interface QueryStateProps<Data> {
  readonly query: LiveQuery<Data>;
  /** Shown while the first value is on its way; by default a few lines. */
  readonly skeleton?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/** Loading, error or the data. Data that was there stays on screen while the connection is away. */
export function QueryState<Data>({ query, skeleton, children }: QueryStateProps<Data>) {
  if (query.data !== undefined) return children(query.data);
  if (query.problem) return <ProblemMessage problem={query.problem} />;
  return (
    <output aria-label="Loading" style={{ display: 'block' }}>
      {skeleton ?? <Lines count={4} />}
    </output>
  );
}

export function ProblemMessage({ problem }: { problem: Problem }) {
  return (
    <Message icon={IconPlugConnectedX} title="This could not be shown">
      <p role="alert">
        {problem.message} <code>{problem.code}</code>
      </p>
    </Message>
  );
}

interface MessageProps {
  readonly icon?: typeof IconPlugConnectedX;
  readonly title: string;
  readonly children?: ReactNode;
}

/** For places where there is nothing to show: says why, and what to do. */
export function Message({ icon: Icon, title, children }: MessageProps) {
  return (
    <div className="message">
      {Icon && <Icon size={26} stroke={1.5} aria-hidden="true" />}
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Lines({ count }: { count: number }) {
  return (
    <div style={{ display: 'grid', gap: 14, padding: 16 }}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move
        <Skeleton key={index} height={16} width={`${92 - ((index * 17) % 40)}%`} />
      ))}
    </div>
  );
}
