import { ActionIcon, Button } from '@mantine/core';
import { IconGauge, IconPencil, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { Confirm } from '../components/confirm.tsx';
import { type Column, DataTable } from '../components/data-table.tsx';
import { Card, Page } from '../components/page.tsx';
import { SlaForm } from '../components/policies/sla-form.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { policyTabs, Tabs } from '../components/tabs.tsx';
import { useChange } from '../live/use-change.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { type Bounds, boundWords } from '../policies/words.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';

const classesQuery = graphql(`
  query SlaClasses {
    slaClasses(first: 200) {
      edges { node { id name roundTripMs jitterMs lossPercent mos revision policies { id name } } }
    }
  }
`);
const presetsQuery = graphql(`
  query SlaPresets { slaPresets { name description roundTripMs jitterMs lossPercent mos } }
`);
const removeMutation = graphql(`
  mutation RemoveSlaClass($input: RemoveSlaClassInput!) { removeSlaClass(input: $input) { removedId } }
`);

type SlaClass = ResultOf<typeof classesQuery>['slaClasses']['edges'][number]['node'];
type Preset = ResultOf<typeof presetsQuery>['slaPresets'][number];
type Dialog =
  | { kind: 'form'; start: Bounds & { id?: string; name: string; revision?: number } }
  | { kind: 'remove'; slaClass: SlaClass };

const blank = { name: '', roundTripMs: null, jitterMs: null, lossPercent: null, mos: null };

const columns: readonly Column<SlaClass>[] = [
  { id: 'name', header: 'Class', sort: ({ name }) => name.toLowerCase(), cell: ({ name }) => <strong>{name}</strong> },
  { id: 'bounds', header: 'A path has to keep', cell: boundWords, className: 'wrap' },
  {
    id: 'policies',
    header: 'Asked for by',
    className: 'wrap',
    cell: ({ policies }) =>
      policies.length > 0 ? policies.map(({ name }) => name).join(', ') : <span className="muted">no policy</span>,
  },
];

/** Bounds that policies can ask of paths, and presets to begin with. */
export function SlaClassesPage() {
  const query = useLiveQuery(classesQuery, {});
  const may = useMay();
  const [dialog, setDialog] = useState<Dialog>();
  const begin = (start: Bounds & { name: string }) => setDialog({ kind: 'form', start });
  const actions: Column<SlaClass> = {
    id: 'actions',
    header: '',
    align: 'end',
    cell: (slaClass) => (
      <>
        <ActionIcon aria-label={`Edit ${slaClass.name}`} onClick={() => setDialog({ kind: 'form', start: slaClass })}>
          <IconPencil size={15} />
        </ActionIcon>
        <ActionIcon aria-label={`Remove ${slaClass.name}`} onClick={() => setDialog({ kind: 'remove', slaClass })}>
          <IconTrash size={15} />
        </ActionIcon>
      </>
    ),
  };
  const addButton = may('sla.add') && (
    <Button leftSection={<IconPlus size={15} />} onClick={() => begin(blank)} data-testid="add-sla">
      Add class
    </Button>
  );
  return (
    <Page title="SLA classes" lead="What policies can ask of a path, in both directions" actions={addButton}>
      <Tabs label="Policies and what they name" tabs={policyTabs} />
      <div className="grid grid-wide">
        <Card title="Classes">
          <QueryState query={query}>
            {({ slaClasses: { edges } }) =>
              edges.length > 0 ? (
                <DataTable
                  label="SLA classes"
                  rows={edges.map(({ node }) => node)}
                  columns={may('sla.update') ? [...columns, actions] : columns}
                  rowId={({ id }) => id}
                  rowTestId={({ name }) => `sla-row-${name}`}
                />
              ) : (
                <Message icon={IconGauge} title="No SLA classes yet">
                  <p>
                    A class bounds round trip, jitter, loss or voice quality. A policy that asks for it leaves a path
                    that misses a bound for one that meets it. Begin with a preset.
                  </p>
                </Message>
              )
            }
          </QueryState>
        </Card>
        <Card title="Presets">
          <Presets taken={query.data?.slaClasses.edges.map(({ node }) => node.name) ?? []} onChoose={begin} />
        </Card>
      </div>
      <Dialogs dialog={dialog} onClose={() => setDialog(undefined)} />
    </Page>
  );
}

function Presets({ taken, onChoose }: { taken: readonly string[]; onChoose: (preset: Preset) => void }) {
  const query = useLiveQuery(presetsQuery, {});
  const may = useMay();
  return (
    <QueryState query={query}>
      {({ slaPresets }) =>
        slaPresets.map((preset) => (
          <div className="block" key={preset.name}>
            <div className="block-head">
              <strong className="grow">{preset.name}</strong>
              {may('sla.add') && (
                <Button
                  size="compact-xs"
                  variant="subtle"
                  aria-label={`Use ${preset.name}`}
                  disabled={taken.some((name) => name.toLowerCase() === preset.name.toLowerCase())}
                  onClick={() => onChoose(preset)}
                >
                  Use it
                </Button>
              )}
            </div>
            <div>
              <div className="numeric" style={{ fontSize: '0.8125rem' }}>
                {boundWords(preset)}
              </div>
              <div className="form-note">{preset.description}</div>
            </div>
          </div>
        ))
      }
    </QueryState>
  );
}

function Dialogs({ dialog, onClose }: { dialog: Dialog | undefined; onClose: () => void }) {
  const remove = useChange(removeMutation);
  if (!dialog) return null;
  if (dialog.kind === 'form') return <SlaForm start={dialog.start} onClose={onClose} />;
  const { id, name } = dialog.slaClass;
  return (
    <Confirm
      title={`Remove ${name}?`}
      action="Remove class"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id } })}
    >
      No policy can ask for it any more. While one still does, it stays.
    </Confirm>
  );
}
