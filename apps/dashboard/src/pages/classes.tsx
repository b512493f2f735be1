import { ActionIcon, Button } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconFilter, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { formatBytes, matchWords, ratioWords } from '../classes/words.ts';
import { ClassForm } from '../components/classes/class-form.tsx';
import { Confirm } from '../components/confirm.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Notice } from '../components/notice.tsx';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { formatMoment } from '../format/time.ts';
import { useChange } from '../live/use-change.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';

const classesQuery = graphql(`
  query TrafficClasses {
    trafficClasses(first: 256) {
      edges {
        node {
          id name position revision
          match { protocol ports sources destinations dscp }
          compression { level acknowledgedBy acknowledgedAt }
          sentPackets sentBytes compressedBytesBefore compressedBytesAfter skippedPackets
        }
      }
    }
  }
`);
const moveMutation = graphql(`
  mutation MoveTrafficClass($input: UpdateTrafficClassInput!) {
    updateTrafficClass(input: $input) { trafficClass { id position } }
  }
`);
const removeMutation = graphql(`
  mutation RemoveTrafficClass($input: RemoveTrafficClassInput!) {
    removeTrafficClass(input: $input) { removedId }
  }
`);

type TrafficClass = ResultOf<typeof classesQuery>['trafficClasses']['edges'][number]['node'];
type Dialog = { kind: 'add' } | { kind: 'edit' | 'remove'; trafficClass: TrafficClass };

const columns: readonly Column<TrafficClass>[] = [
  { id: 'position', header: '#', cell: ({ position }) => <span className="numeric muted">{position}</span> },
  { id: 'name', header: 'Class', cell: ({ name }) => <strong>{name}</strong> },
  { id: 'match', header: 'Matches', cell: ({ match }) => matchWords(match) },
  { id: 'compression', header: 'Compression', cell: (trafficClass) => <Compression {...trafficClass} /> },
  {
    id: 'sent',
    header: 'Sent',
    align: 'end',
    cell: ({ sentBytes, sentPackets }) => (
      <span className="numeric" title={`${sentPackets.toLocaleString('en')} packets`}>
        {formatBytes(sentBytes)}
      </span>
    ),
  },
];

function Compression({ compression, ...counts }: TrafficClass) {
  if (compression === null) return <span className="muted">Off</span>;
  const { compressedBytesBefore: before, compressedBytesAfter: after, skippedPackets } = counts;
  const who = `Acknowledged by ${compression.acknowledgedBy}, ${formatMoment(compression.acknowledgedAt)}`;
  return (
    <span title={`${who}. ${skippedPackets.toLocaleString('en')} packets would not have become smaller.`}>
      Level {compression.level}
      {before > 0 && (
        <span className="muted numeric">
          {' '}
          · to {ratioWords(before, after)}, {formatBytes(before - after)} saved
        </span>
      )}
    </span>
  );
}

/** Which packets are treated how; the first class that matches a conversation's first packet is its class. */
export function ClassesPage() {
  const query = useLiveQuery(classesQuery, {});
  const may = useMay();
  const move = useChange(moveMutation);
  const [dialog, setDialog] = useState<Dialog>();
  const [refusal, setRefusal] = useState<string>();
  const rows = query.data?.trafficClasses.edges.map(({ node }) => node) ?? [];
  const shift = async ({ id, position, revision }: TrafficClass, by: number) => {
    setRefusal(undefined);
    const outcome = await move.run({ input: { id, revision, position: position + by } });
    if ('problem' in outcome) setRefusal(outcome.problem.message);
  };
  const actions: Column<TrafficClass> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (trafficClass) => (
      <Actions
        {...{ trafficClass, isMoving: move.isRunning, last: rows.length }}
        onMove={(by) => void shift(trafficClass, by)}
        onChoose={(kind) => setDialog({ kind, trafficClass })}
      />
    ),
  };
  const addButton = may('class.add') && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => setDialog({ kind: 'add' })} data-testid="add-class">
      Add class
    </Button>
  );
  return (
    <Page
      title="Traffic classes"
      lead="Asked in order: the first that matches a conversation's first packet is its class"
      actions={addButton}
    >
      {refusal && <Notice tone="down">{refusal}</Notice>}
      <Card title="Classes">
        <QueryState query={query}>
          {() =>
            rows.length > 0 ? (
              <DataTable
                label="Traffic classes"
                rows={rows}
                columns={may('class.update') ? [...columns, actions] : columns}
                rowId={({ id }) => id}
                rowTestId={({ name }) => `class-row-${name}`}
              />
            ) : (
              <Message icon={IconFilter} title="No traffic classes yet">
                <p>
                  All traffic is treated alike, and none of it is compressed. A class says which packets are meant, by
                  network, port or DSCP, and what is done for them. Add one here, or with{' '}
                  <code>patronus class add</code>.
                </p>
              </Message>
            )
          }
        </QueryState>
      </Card>
      <Dialogs dialog={dialog} onClose={() => setDialog(undefined)} />
    </Page>
  );
}

interface ActionsProps {
  readonly trafficClass: TrafficClass;
  readonly last: number;
  readonly isMoving: boolean;
  readonly onMove: (by: number) => void;
  readonly onChoose: (kind: 'edit' | 'remove') => void;
}

function Actions({ trafficClass: { name, position }, last, isMoving, onMove, onChoose }: ActionsProps) {
  const may = useMay();
  return (
    <>
      <ActionIcon aria-label={`Ask ${name} earlier`} disabled={isMoving || position === 1} onClick={() => onMove(-1)}>
        <IconArrowUp size={15} />
      </ActionIcon>
      <ActionIcon aria-label={`Ask ${name} later`} disabled={isMoving || position === last} onClick={() => onMove(1)}>
        <IconArrowDown size={15} />
      </ActionIcon>
      <ActionIcon aria-label={`Edit ${name}`} onClick={() => onChoose('edit')}>
        <IconPencil size={15} />
      </ActionIcon>
      {may('class.remove') && (
        <ActionIcon aria-label={`Remove ${name}`} onClick={() => onChoose('remove')}>
          <IconTrash size={15} />
        </ActionIcon>
      )}
    </>
  );
}

function Dialogs({ dialog, onClose }: { dialog: Dialog | undefined; onClose: () => void }) {
  const remove = useChange(removeMutation);
  if (!dialog) return null;
  if (dialog.kind === 'add') return <ClassForm onClose={onClose} />;
  const { trafficClass } = dialog;
  if (dialog.kind === 'edit') return <ClassForm trafficClass={trafficClass} onClose={onClose} />;
  return (
    <Confirm
      title={`Remove ${trafficClass.name}?`}
      action="Remove class"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id: trafficClass.id } })}
    >
      Its packets belong to the next class that matches them from then on, or to none. Nothing is lost meanwhile.
    </Confirm>
  );
}
