import { Button, Stack } from '@mantine/core';
import type { FormEventHandler, ReactNode } from 'react';
import { Notice } from './notice.tsx';

interface GateFormProps {
  readonly action: string;
  readonly testId: string;
  readonly isRunning: boolean;
  /** Why it did not work, if it did not. */
  readonly refusal: string | null;
  readonly onSubmit: FormEventHandler<HTMLFormElement>;
  readonly children: ReactNode;
}

/** A form of the pages before one is signed in: a refusal at the top, one wide button at the end. */
export function GateForm({ action, testId, isRunning, refusal, onSubmit, children }: GateFormProps) {
  return (
    <form onSubmit={onSubmit} noValidate>
      <Stack gap="sm">
        {refusal && <Notice tone="down">{refusal}</Notice>}
        {children}
        <Button type="submit" fullWidth mt="xs" loading={isRunning} data-testid={testId}>
          {action}
        </Button>
      </Stack>
    </form>
  );
}
