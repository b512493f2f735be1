import { ActionIcon, Button } from '@mantine/core';
import { IconDeviceLaptop, IconFileText, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { formatMoment } from '../../format/time.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { useMay } from '../../rights/use-may.ts';
import { Confirm } from '../confirm.tsx';
import { type Column, DataTable } from '../data-table.tsx';
import { Card } from '../page.tsx';
import { Message, QueryState } from '../query-state.tsx';
import { AddPeer, PeerFile } from './add-peer.tsx';

const peersQuery = graphql(`
  query SitePeers($id: ID!) {
    site(id: $id) { id peers { id name publicKey address createdAt configuration uplink { id label } } }
  }
`);

const removeMutation = graphql(`
  mutation RemovePeer($input: RemovePeerInput!) {
    removePeer(input: $input) { removedId }
  }
`);

type Peer = NonNullable<ResultOf<typeof peersQuery>['site']>['peers'][number];

const columns: readonly Column<Peer>[] = [
  { id: 'name', header: 'Peer', sort: (peer) => peer.name, cell: (peer) => <strong>{peer.name}</strong> },
  { id: 'address', header: 'Address', cell: (peer) => <span className="mono">{peer.address}</span> },
  { id: 'uplink', header: 'Through', cell: (peer) => peer.uplink.label },
  { id: 'key', header: 'Public key', cell: (peer) => <span className="mono muted">{peer.publicKey}</span> },
  { id: 'created', header: 'Added', sort: (peer) => peer.createdAt, cell: (peer) => formatMoment(peer.createdAt) },
];

interface PeersProps {
  readonly site: {
    readonly id: string;
    readonly name: string;
    readonly uplinks: readonly { readonly id: string; readonly label: string }[];
  };
}

/** Laptops and routers that join the site with plain WireGuard. */
export function Peers({ site }: PeersProps) {
  const query = useLiveQuery(peersQuery, { id: site.id });
  const remove = useChange(removeMutation);
  const may = useMay();
  const [isAdding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Peer>();
  const [showing, setShowing] = useState<Peer>();
  const actions: Column<Peer> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (peer) => (
      <>
        <ActionIcon aria-label={`Configuration of ${peer.name}`} title="Configuration" onClick={() => setShowing(peer)}>
          <IconFileText size={15} />
        </ActionIcon>
        {may('peer.remove') && (
          <ActionIcon aria-label={`Remove ${peer.name}`} title="Remove" onClick={() => setRemoving(peer)}>
            <IconTrash size={15} />
          </ActionIcon>
        )}
      </>
    ),
  };
  const addButton = may('peer.add') && (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconPlus size={14} />}
      onClick={() => setAdding(true)}
      data-testid="add-peer"
    >
      Add peer
    </Button>
  );
  return (
    <Card title="WireGuard peers" aside={addButton}>
      <QueryState query={query}>
        {(data) =>
          data.site && data.site.peers.length > 0 ? (
            <DataTable
              label="WireGuard peers"
              rows={data.site.peers}
              columns={[...columns, actions]}
              rowId={(peer) => peer.id}
            />
          ) : (
            <Message icon={IconDeviceLaptop} title="No peers yet">
              <p>Any stock WireGuard client can join this site: add its public key and give it the file you get.</p>
            </Message>
          )
        }
      </QueryState>
      {isAdding && <AddPeer site={site} onClose={() => setAdding(false)} />}
      {showing && <PeerFile {...showing} onClose={() => setShowing(undefined)} />}
      {removing && (
        <Confirm
          title={`Remove ${removing.name}?`}
          action="Remove peer"
          onClose={() => setRemoving(undefined)}
          onConfirm={() => remove.run({ input: { id: removing.id } })}
        >
          Its key is taken out of the gateway at once; its connection to {site.name} ends.
        </Confirm>
      )}
    </Card>
  );
}
