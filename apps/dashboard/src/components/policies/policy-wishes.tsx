import { IconBan, IconCheck, IconWorld } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { formatMoment } from '../../format/time.ts';
import type { EditablePolicy, PolicyAction } from '../../policies/draft.ts';
import { dscpName } from '../../policies/dscp.ts';
import { boundWords, pathWords } from '../../policies/words.ts';
import { State, type Tone } from '../state.tsx';
import { priorityHints, priorityNames } from './words.ts';

export const actionLooks: Readonly<Record<PolicyAction, { tone: Tone; label: string; icon: typeof IconCheck }>> = {
  ALLOW: { tone: 'up', label: 'Allow', icon: IconCheck },
  DENY: { tone: 'down', label: 'Deny', icon: IconBan },
  BREAKOUT: { tone: 'accent', label: 'Break out', icon: IconWorld },
};

/** What a policy does, and how: only what differs from asking for nothing is said. */
export function PolicyWishes({ policy }: { policy: EditablePolicy }) {
  const { action, breakoutLabels, slaClass, path, priority, limitPercent, mark, compression } = policy;
  const isCarried = action !== 'DENY';
  return (
    <div className="policy-wishes">
      <State look={actionLooks[action]} />
      {action === 'BREAKOUT' && <Chip>{breakoutLabels.join(', then ') || 'cheapest uplink'}</Chip>}
      {action === 'ALLOW' && slaClass && <Chip title={boundWords(slaClass)}>{slaClass.name}</Chip>}
      {action === 'ALLOW' && <Chip>{pathWords(path)}</Chip>}
      {isCarried && priority !== 'NORMAL' && <Chip title={priorityHints[priority]}>{priorityNames[priority]}</Chip>}
      {isCarried && limitPercent !== null && <Chip title="Most of an uplink’s rate">≤ {limitPercent} %</Chip>}
      {isCarried && mark !== null && <Chip title={`Leaves with DSCP ${mark}`}>mark {dscpName(mark)}</Chip>}
      {isCarried && compression && (
        <Chip title={`Acknowledged by ${compression.acknowledgedBy}, ${formatMoment(compression.acknowledgedAt)}`}>
          LZ4 level {compression.level}
        </Chip>
      )}
    </div>
  );
}

function Chip({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <span className="chip" title={title}>
      {children}
    </span>
  );
}
