import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { Confirm } from '../confirm.tsx';

const removeMutation = graphql(`
  mutation RemoveSite($input: RemoveSiteInput!) {
    removeSite(input: $input) { removedId }
  }
`);

interface RemoveSiteProps {
  readonly site: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

export function RemoveSite({ site, onClose, onDone }: RemoveSiteProps) {
  const remove = useChange(removeMutation);
  return (
    <Confirm
      title={`Delete ${site.name}?`}
      action="Delete site"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id: site.id } })}
      {...(onDone && { onDone })}
    >
      Its gateway is no longer trusted, its tunnels are taken out of every other gateway, and hosts behind it lose the
      network. This cannot be undone; a gateway can be enrolled again for a new site.
    </Confirm>
  );
}
