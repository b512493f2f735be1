import { Button, Group, Modal, Stack } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Outcome } from '../live/use-change.ts';
import { Notice } from './notice.tsx';

interface ConfirmProps {
  readonly title: string;
  /** What will happen, to what. */
  readonly children: ReactNode;
  readonly action: string;
  /** Nothing is lost that cannot be had again: the button is not red. */
  readonly isCalm?: boolean;
  readonly onClose: () => void;
  readonly onConfirm: () => Promise<Outcome<unknown>>;
  readonly onDone?: () => void;
}

/** Asks before something is lost or moved. Stays open with the reason when it did not work. */
export function Confirm({ title, children, action, isCalm = false, onClose, onConfirm, onDone }: ConfirmProps) {
  const [isRunning, setRunning] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const confirm = async () => {
    setRunning(true);
    const outcome = await onConfirm();
    setRunning(false);
    if ('problem' in outcome) return setRefusal(outcome.problem.message);
    onClose();
    onDone?.();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="md" centered>
      <Stack gap="md">
        {refusal && <Notice tone="down">{refusal}</Notice>}
        <div>{children}</div>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button {...(!isCalm && { color: 'red' })} loading={isRunning} onClick={confirm} data-testid="confirm">
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
