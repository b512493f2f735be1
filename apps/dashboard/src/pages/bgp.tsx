import { ActionIcon, Button } from '@mantine/core';
import { IconAffiliate, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { AlarmsAbout } from '../components/alarm-list.tsx';
import { AllowancesCard } from '../components/bgp/allowances-card.tsx';
import { FabricCard } from '../components/bgp/fabric-card.tsx';
import { NeighbourForm } from '../components/bgp/neighbour-form.tsx';
import { RoutesCard } from '../components/bgp/routes-card.tsx';
import { sessionColumns } from '../components/bgp/session-columns.tsx';
import { Confirm } from '../components/confirm.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { SiteLink } from '../components/site-link.tsx';
import { SiteSelect } from '../components/site-select.tsx';
import { useChange } from '../live/use-change.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';

const fabricQuery = graphql(`
  query BgpOfTheFabric { bgp { as reflectors { id name } } }
`);
const neighboursQuery = graphql(`
  query BgpNeighbours($filter: BgpFilter) {
    bgpNeighbours(first: 1000, filter: $filter) {
      edges {
        node {
          id name address remoteAs interface hasKey passive gtsm bfd holdSeconds keepaliveSeconds
          maxPrefixes restartAfterSeconds
          edge { id state site { id name } }
          import { everything prefixes communities localPreference }
          export { everything prefixes communities localPreference }
          session { state since received accepted advertised flaps lastError refusal }
        }
      }
    }
  }
`);
const removeMutation = graphql(`
  mutation RemoveBgpNeighbour($input: RemoveBgpInput!) { removeBgpNeighbour(input: $input) { removedId } }
`);

type Neighbour = ResultOf<typeof neighboursQuery>['bgpNeighbours']['edges'][number]['node'];
type Dialog = { kind: 'add' } | { kind: 'edit' | 'remove'; neighbour: Neighbour };

const columns: readonly Column<Neighbour>[] = [
  {
    id: 'at',
    header: 'At',
    sort: ({ edge }) => edge.site.name,
    cell: ({ edge: { site } }) => <SiteLink site={site} />,
  },
  {
    id: 'name',
    header: 'Neighbour',
    sort: ({ name }) => name.toLowerCase(),
    cell: ({ name, address, remoteAs, interface: on }) => (
      <>
        {name}
        <span className="second">
          {address}, AS {remoteAs}, {on ?? 'several hops away'}
        </span>
      </>
    ),
  },
  ...sessionColumns<Neighbour>({
    untold: ({ edge }) => (edge.state === 'ONLINE' ? 'not told yet' : 'its gateway is not there'),
    remark: ({ import: inwards, export: outwards }) =>
      inwards || outwards ? '' : 'Nothing passes: it has no policy in either direction',
  }),
];

/** Routers that gateways speak BGP with, sessions between gateways, and what each site may bring. The site is in the URL. */
export function BgpPage() {
  const { site } = useSearch({ from: '/inside/bgp' });
  const navigate = useNavigate({ from: '/bgp' });
  const filter = site ? { siteId: site } : {};
  const query = useLiveQuery(neighboursQuery, { filter });
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  const [mayEdit, mayRemove] = [may('bgp.neighbour.update'), may('bgp.neighbour.remove')];
  const actions: Column<Neighbour> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (neighbour) => (
      <>
        {mayEdit && (
          <ActionIcon aria-label={`Edit ${neighbour.name}`} onClick={() => setDialog({ kind: 'edit', neighbour })}>
            <IconPencil size={15} />
          </ActionIcon>
        )}
        {mayRemove && (
          <ActionIcon aria-label={`Remove ${neighbour.name}`} onClick={() => setDialog({ kind: 'remove', neighbour })}>
            <IconTrash size={15} />
          </ActionIcon>
        )}
      </>
    ),
  };
  const head = (
    <>
      <SiteSelect
        placeholder="At any site"
        value={site}
        onChange={(next) => void navigate({ search: next ? { site: next } : {}, replace: true })}
      />
      {may('bgp.neighbour.add') && (
        <Button
          leftSection={<IconPlus size={15} />}
          onClick={() => setDialog({ kind: 'add' })}
          data-testid="add-neighbour"
        >
          Add neighbour
        </Button>
      )}
    </>
  );
  return (
    <Page title="BGP" lead={<Lead />} actions={head}>
      <div className="grid">
        <AlarmsAbout codes={/^BGP_/} title="BGP alarms" site={site} />
        <Card title="Neighbours">
          <QueryState query={query}>
            {({ bgpNeighbours: { edges } }) =>
              edges.length > 0 ? (
                <DataTable
                  label="BGP neighbours"
                  rows={edges.map(({ node }) => node)}
                  columns={mayEdit || mayRemove ? [...columns, actions] : columns}
                  initialSort="at"
                  rowId={({ id }) => id}
                  rowTestId={({ name }) => `neighbour-row-${name}`}
                />
              ) : (
                <Message icon={IconAffiliate} title={site ? 'No neighbours at this site' : 'No neighbours yet'}>
                  <p>
                    A gateway can speak BGP with the routers of its site: it learns the networks behind them, tells them
                    those of other sites, and passes on what changes within a second, with or without this controller.
                    Say first what the site may bring, then add its router.
                  </p>
                </Message>
              )
            }
          </QueryState>
        </Card>
        <AllowancesCard filter={filter} />
        <FabricCard filter={filter} />
        <RoutesCard filter={filter} />
      </div>
      {dialog?.kind === 'add' && <NeighbourForm onClose={close} />}
      {dialog?.kind === 'edit' && <NeighbourForm neighbour={dialog.neighbour} onClose={close} />}
      {dialog?.kind === 'remove' && <RemoveNeighbour neighbour={dialog.neighbour} onClose={close} />}
    </Page>
  );
}

function Lead() {
  const bgp = useLiveQuery(fabricQuery, {}).data?.bgp;
  if (!bgp) return 'Routes with the routers of sites, and between gateways';
  const hubs = bgp.reflectors.map(({ name }) => name).join(', ');
  return (
    <>
      The fabric is AS {bgp.as};{' '}
      {hubs ? `${hubs} reflect routes to all others` : 'every gateway tells every other its routes'}
    </>
  );
}

function RemoveNeighbour({ neighbour, onClose }: { neighbour: Neighbour; onClose: () => void }) {
  const remove = useChange(removeMutation);
  return (
    <Confirm
      title={`Remove ${neighbour.name}?`}
      action="Remove neighbour"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id: neighbour.id } })}
    >
      The session ends, and what it brought is gone from every gateway.
    </Confirm>
  );
}
