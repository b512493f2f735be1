import { ActionIcon, Tooltip } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconGripVertical, IconPencil, IconTrash } from '@tabler/icons-react';
import { type DragEvent, type KeyboardEvent, useState } from 'react';
import type { EditablePolicy } from '../../policies/draft.ts';
import { dropIndex, moved } from '../../policies/order.ts';
import { matchWords } from '../../policies/words.ts';
import { useMay } from '../../rights/use-may.ts';
import { PolicyCounters, type PolicyCounts } from './policy-counters.tsx';
import { PolicyWishes } from './policy-wishes.tsx';

export type ListedPolicy = EditablePolicy & PolicyCounts & { readonly position: number };

interface PolicyListProps {
  readonly policies: readonly ListedPolicy[];
  readonly isMoving: boolean;
  /** `position` counts from 1. */
  readonly onMove: (policy: ListedPolicy, position: number) => void;
  readonly onChoose: (kind: 'edit' | 'remove', policy: ListedPolicy) => void;
}

/** The policies in the order in which they are asked; dragged by their handle, or moved with buttons and arrow keys. */
export function PolicyList({ policies, isMoving, onMove, onChoose }: PolicyListProps) {
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const shown = drag ? moved(policies, drag.from, drag.to) : policies;
  const over = (event: DragEvent, policy: ListedPolicy) => {
    if (!drag) return;
    event.preventDefault();
    const at = policies.indexOf(policy);
    if (at === drag.from) return;
    const box = event.currentTarget.getBoundingClientRect();
    const to = dropIndex(drag.from, at, event.clientY > box.top + box.height / 2);
    if (to !== drag.to) setDrag({ ...drag, to });
  };
  const drop = () => {
    const policy = drag && policies[drag.from];
    if (policy && drag.to !== drag.from) onMove(policy, drag.to + 1);
    setDrag(undefined);
  };
  return (
    <ol className="policies" aria-label="Policies" data-testid="policies">
      {shown.map((policy) => (
        <li
          key={policy.id}
          className="policy"
          data-testid={`policy-row-${policy.name}`}
          data-dragged={drag !== undefined && policies[drag.from]?.id === policy.id}
          data-action={policy.action}
          onDragOver={(event) => over(event, policy)}
          onDrop={drop}
        >
          <Place
            policy={policy}
            count={policies.length}
            onMove={(position) => onMove(policy, position)}
            onDrag={() => setDrag({ from: policies.indexOf(policy), to: policies.indexOf(policy) })}
            onDragEnd={() => setDrag(undefined)}
          />
          <div className="policy-what">
            <strong>{policy.name}</strong>
            <span className="muted">{matchWords(policy.match)}</span>
          </div>
          <PolicyWishes policy={policy} />
          <PolicyCounters counts={policy} action={policy.action} compression={policy.compression} />
          <Buttons
            policy={policy}
            count={policies.length}
            isMoving={isMoving}
            onMove={(position) => onMove(policy, position)}
            onChoose={(kind) => onChoose(kind, policy)}
          />
        </li>
      ))}
    </ol>
  );
}

interface PlaceProps {
  readonly policy: ListedPolicy;
  readonly count: number;
  readonly onMove: (position: number) => void;
  readonly onDrag: () => void;
  readonly onDragEnd: () => void;
}

/** The number of its turn, and the handle to drag it by; with the handle in focus, the arrow keys move it. */
function Place({ policy: { name, position }, count, onMove, onDrag, onDragEnd }: PlaceProps) {
  const may = useMay();
  const press = (event: KeyboardEvent) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = position + step;
    if (next >= 1 && next <= count) onMove(next);
  };
  return (
    <div className="policy-place">
      {may('policy.update') && count > 1 && (
        <button
          type="button"
          className="handle mantine-focus-auto"
          draggable
          aria-label={`Place of ${name}: ${position} of ${count}. Arrow keys move it.`}
          onKeyDown={press}
          onDragStart={(event) => {
            event.dataTransfer.effectAllowed = 'move';
            const row = event.currentTarget.closest('li');
            if (row) event.dataTransfer.setDragImage(row, 12, 20);
            onDrag();
          }}
          onDragEnd={onDragEnd}
        >
          <IconGripVertical size={15} aria-hidden="true" />
        </button>
      )}
      <span className="numeric">{position}</span>
    </div>
  );
}

interface ButtonsProps {
  readonly policy: ListedPolicy;
  readonly count: number;
  readonly isMoving: boolean;
  readonly onMove: (position: number) => void;
  readonly onChoose: (kind: 'edit' | 'remove') => void;
}

function Buttons({ policy: { name, position }, count, isMoving, onMove, onChoose }: ButtonsProps) {
  const may = useMay();
  if (!may('policy.update')) return null;
  return (
    <div className="policy-buttons">
      <Tool label={`Ask ${name} earlier`} isOff={isMoving || position === 1} onClick={() => onMove(position - 1)}>
        <IconArrowUp size={15} />
      </Tool>
      <Tool label={`Ask ${name} later`} isOff={isMoving || position === count} onClick={() => onMove(position + 1)}>
        <IconArrowDown size={15} />
      </Tool>
      <Tool label={`Edit ${name}`} onClick={() => onChoose('edit')}>
        <IconPencil size={15} />
      </Tool>
      {may('policy.remove') && (
        <Tool label={`Remove ${name}`} onClick={() => onChoose('remove')}>
          <IconTrash size={15} />
        </Tool>
      )}
    </div>
  );
}

interface ToolProps {
  readonly label: string;
  readonly isOff?: boolean;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}

function Tool({ label, isOff = false, onClick, children }: ToolProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} disabled={isOff} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}
