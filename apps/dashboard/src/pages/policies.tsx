import { Button, CloseButton } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Confirm } from '../components/confirm.tsx';
import { Notice } from '../components/notice.tsx';
import { Card, Page } from '../components/page.tsx';
import { NoPolicies } from '../components/policies/no-policies.tsx';
import { PolicyForm } from '../components/policies/policy-form.tsx';
import { type ListedPolicy, PolicyList } from '../components/policies/policy-list.tsx';
import { QueryState } from '../components/query-state.tsx';
import { policyTabs, Tabs } from '../components/tabs.tsx';
import { useChange } from '../live/use-change.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';

const policiesQuery = graphql(`
  query Policies {
    policies(first: 256) {
      edges {
        node {
          id name position revision
          match {
            protocol ports sources destinations dscp segment
            sourceSites { id name } destinationSites { id name } applications { id name }
          }
          action breakoutLabels priority limitPercent mark
          slaClass { id name roundTripMs jitterMs lossPercent mos }
          path { mode labels weights { label weight } }
          compression { level acknowledgedBy acknowledgedAt }
          flows deniedPackets sentPackets sentBytes compressedBytesBefore compressedBytesAfter skippedPackets
        }
      }
    }
  }
`);
const moveMutation = graphql(`
  mutation MovePolicy($input: UpdatePolicyInput!) {
    updatePolicy(input: $input) { policy { id position } warnings }
  }
`);
const removeMutation = graphql(`
  mutation RemovePolicy($input: RemovePolicyInput!) {
    removePolicy(input: $input) { removedId }
  }
`);

type Dialog = { kind: 'add' } | { kind: 'edit' | 'remove'; policy: ListedPolicy };
interface Word {
  readonly tone: 'up' | 'warn' | 'down';
  readonly lines: readonly string[];
}

/** Which packets are treated how; the first policy that matches a conversation's first packet is its policy. */
export function PoliciesPage() {
  const query = useLiveQuery(policiesQuery, {});
  const may = useMay();
  const move = useChange(moveMutation);
  const [dialog, setDialog] = useState<Dialog>();
  const [word, setWord] = useState<Word>();
  const close = () => setDialog(undefined);
  const add = () => setDialog({ kind: 'add' });
  const place = async ({ id, revision }: ListedPolicy, position: number) => {
    setWord(undefined);
    const outcome = await move.run({ input: { id, revision, position } });
    if ('problem' in outcome) return setWord({ tone: 'down', lines: [outcome.problem.message] });
    const { warnings } = outcome.data.updatePolicy;
    if (warnings.length > 0) setWord({ tone: 'warn', lines: warnings });
  };
  const saved = (name: string, warnings: readonly string[]) => {
    close();
    setWord(
      warnings.length > 0
        ? {
            tone: 'warn',
            lines: [`${name} is saved and on its way to the gateways. A second look, please:`, ...warnings],
          }
        : { tone: 'up', lines: [`${name} is saved and on its way to the gateways.`] },
    );
  };
  const addButton = may('policy.add') && (
    <Button leftSection={<IconPlus size={15} />} onClick={add} data-testid="add-policy">
      Add policy
    </Button>
  );
  return (
    <Page
      title="Policies"
      lead="Asked in order: the first that matches a conversation’s first packet is its policy, at every gateway"
      actions={addButton}
    >
      <Tabs label="Policies and what they name" tabs={policyTabs} />
      {word && <Saying word={word} onClose={() => setWord(undefined)} />}
      <Card>
        <QueryState query={query}>
          {({ policies: { edges } }) =>
            edges.length > 0 ? (
              <PolicyList
                policies={edges.map(({ node }) => node)}
                isMoving={move.isRunning}
                onMove={(policy, position) => void place(policy, position)}
                onChoose={(kind, policy) => {
                  setWord(undefined);
                  setDialog({ kind, policy });
                }}
              />
            ) : (
              <NoPolicies onAdd={add} />
            )
          }
        </QueryState>
      </Card>
      <Dialogs dialog={dialog} onClose={close} onSaved={saved} />
    </Page>
  );
}

/** What came of the last change; what the fabric warns of stays until it is put away. */
function Saying({ word: { tone, lines }, onClose }: { word: Word; onClose: () => void }) {
  return (
    <div className="saying" data-testid="policy-warnings">
      <Notice tone={tone}>
        {lines.map((line) => (
          <div key={line}>{line}</div>
        ))}
      </Notice>
      <CloseButton aria-label="Put this away" onClick={onClose} />
    </div>
  );
}

interface DialogsProps {
  readonly dialog: Dialog | undefined;
  readonly onClose: () => void;
  readonly onSaved: (name: string, warnings: readonly string[]) => void;
}

function Dialogs({ dialog, onClose, onSaved }: DialogsProps) {
  const remove = useChange(removeMutation);
  if (!dialog) return null;
  if (dialog.kind === 'add') return <PolicyForm onClose={onClose} onSaved={onSaved} />;
  const { policy } = dialog;
  if (dialog.kind === 'edit') return <PolicyForm policy={policy} onClose={onClose} onSaved={onSaved} />;
  return (
    <Confirm
      title={`Remove ${policy.name}?`}
      action="Remove policy"
      onClose={onClose}
      onConfirm={() => remove.run({ input: { id: policy.id } })}
    >
      Its packets belong to the next policy that matches them from then on, or to none. Nothing is lost meanwhile.
    </Confirm>
  );
}
