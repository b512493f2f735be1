import { Button } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { type ErrorComponentProps, useRouter } from '@tanstack/react-router';
import { CombinedError } from '@urql/core';
import { useEffect } from 'react';
import { problemOf } from '../live/problem.ts';
import { Message } from './query-state.tsx';

const retryMs = 3_000;

/** When not even the session could be asked for: says so, and tries again by itself. */
export function StartProblem({ error }: ErrorComponentProps) {
  const router = useRouter();
  const problem = error instanceof CombinedError ? problemOf(error) : undefined;
  const isUnreachable = problem?.code === 'UNREACHABLE';
  const message = problem?.message ?? (error instanceof Error ? error.message : String(error));
  useEffect(() => {
    if (!isUnreachable) return;
    const timer = setInterval(() => void router.invalidate(), retryMs);
    return () => clearInterval(timer);
  }, [router, isUnreachable]);
  return (
    <main className="gate">
      <Message icon={IconPlugConnectedX} title={isUnreachable ? 'No connection to the controller' : 'This page broke'}>
        <p role="alert">{isUnreachable ? `${message} This page tries again by itself.` : message}</p>
        <Button variant="default" onClick={() => void router.invalidate()}>
          Try now
        </Button>
      </Message>
    </main>
  );
}
