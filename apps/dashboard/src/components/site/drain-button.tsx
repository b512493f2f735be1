import { Button } from '@mantine/core';
import { useState } from 'react';
import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { useMay } from '../../rights/use-may.ts';
import { Confirm } from '../confirm.tsx';

const drainMutation = graphql(`
  mutation DrainUplink($input: DrainUplinkInput!) { drainUplink(input: $input) { uplink { id isDrained } warnings } }
`);
const undrainMutation = graphql(`
  mutation UndrainUplink($input: UndrainUplinkInput!) { undrainUplink(input: $input) { uplink { id isDrained } } }
`);

interface DrainButtonProps {
  readonly uplink: { readonly id: string; readonly label: string; readonly isDrained: boolean };
}

/** Takes an uplink out of service and back; both are asked about before. */
export function DrainButton({ uplink: { id, label, isDrained } }: DrainButtonProps) {
  const may = useMay();
  const drain = useChange(drainMutation);
  const undrain = useChange(undrainMutation);
  const [isAsking, setAsking] = useState(false);
  if (!may(isDrained ? 'uplink.undrain' : 'uplink.drain')) return null;
  return (
    <>
      <Button
        size="compact-xs"
        variant="subtle"
        aria-label={isDrained ? `Put ${label} back` : `Drain ${label}`}
        onClick={() => setAsking(true)}
        data-testid={`drain-${label}`}
      >
        {isDrained ? 'Put back' : 'Drain'}
      </Button>
      {isAsking && (
        <Confirm
          title={isDrained ? `Put ${label} back into service?` : `Drain ${label}?`}
          action={isDrained ? 'Put back' : 'Drain'}
          isCalm
          onClose={() => setAsking(false)}
          onConfirm={() => (isDrained ? undrain : drain).run({ input: { uplinkId: id } })}
        >
          {isDrained
            ? 'Its tunnels may be chosen again. Flows come back as their policies ask for it.'
            : 'New paths avoid it and flows move to the other uplinks without loss; its tunnels stay up and are used only if nothing else is. Take the line away once it carries nothing.'}
        </Confirm>
      )}
    </>
  );
}
