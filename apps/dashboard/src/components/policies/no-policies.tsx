import { Button } from '@mantine/core';
import { IconFilter } from '@tabler/icons-react';
import { useMay } from '../../rights/use-may.ts';
import { Message } from '../query-state.tsx';

const ideas = [
  ['Calls first', 'Application Zoom or Teams → SLA class Voice, best path, priority Realtime.'],
  ['Backups behind', 'TCP 873 → priority Bulk, limit 50 %, LZ4, over internet before lte.'],
  ['Web straight out', 'TCP 443 to anywhere → break out at the site.'],
  ['What must not pass', 'TCP 23 to anywhere → deny; its counter tells who tries.'],
] as const;

/** Before the first policy: what one is, and what one could say. */
export function NoPolicies({ onAdd }: { onAdd: () => void }) {
  const may = useMay();
  return (
    <Message icon={IconFilter} title="No policies yet">
      <p>
        Until there is one, all traffic between sites is allowed and takes the cheapest path that is up. A policy names
        traffic, and says whether it may pass, which path it takes, and what goes first. The first that matches a
        conversation’s first packet counts.
      </p>
      <dl className="ideas">
        {ideas.map(([title, text]) => (
          <div key={title} className="idea">
            <dt className="idea-title">{title}</dt>
            <dd className="idea-text">{text}</dd>
          </div>
        ))}
      </dl>
      {may('policy.add') && (
        <>
          <Button onClick={onAdd}>Add the first policy</Button>
          <p style={{ marginTop: 8 }}>
            or with <code>patronus policy add</code>
          </p>
        </>
      )}
    </Message>
  );
}
