import { Button, Loader, Modal, Stack } from '@mantine/core';
import { IconCircleCheckFilled } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { formatUntil } from '../../format/time.ts';
import { type Outcome, useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useNow } from '../../live/use-now.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { Command } from '../command.tsx';
import { Notice } from '../notice.tsx';
import { Lines } from '../query-state.tsx';

const tokenMutation = graphql(`
  mutation CreateEnrolmentToken($input: CreateEnrolmentTokenInput!) {
    createEnrolmentToken(input: $input) { command expiresAt }
  }
`);

const gatewaysQuery = graphql(`
  query Gateways($id: ID!) {
    site(id: $id) { id edges { id name state lastSeenAt } tunnelCounts { up total } }
  }
`);

interface EnrolDialogProps {
  readonly site: { readonly id: string; readonly name: string };
  readonly onClose: () => void;
}

/** Makes a one-time command for a gateway of the site and watches the gateway come. */
export function EnrolDialog({ site, onClose }: EnrolDialogProps) {
  const { run } = useChange(tokenMutation);
  const [outcome, setOutcome] = useState<Outcome<ResultOf<typeof tokenMutation>>>();
  useEffect(() => {
    let isWanted = true;
    void run({ input: { siteId: site.id } }).then((answer) => isWanted && setOutcome(answer));
    return () => {
      isWanted = false;
    };
  }, [run, site.id]);
  return (
    <Modal opened onClose={onClose} title={`Enrol a gateway for ${site.name}`} size="lg" centered>
      <Stack gap="md">
        {!outcome && <Lines count={3} />}
        {outcome && 'problem' in outcome && <Notice tone="down">{outcome.problem.message}</Notice>}
        {outcome && 'data' in outcome && <Steps siteId={site.id} {...outcome.data.createEnrolmentToken} />}
        <Button variant="default" onClick={onClose} style={{ alignSelf: 'flex-end' }}>
          Close
        </Button>
      </Stack>
    </Modal>
  );
}

function Steps({ siteId, command, expiresAt }: { siteId: string; command: string; expiresAt: string }) {
  const now = useNow();
  return (
    <>
      <div>
        Paste this on the new gateway, as root. It works once and expires{' '}
        <span className="numeric">{formatUntil(expiresAt, now)}</span>.
      </div>
      <Command text={command} label="Enrolment command" />
      <ol className="muted" style={{ margin: 0, paddingLeft: 20, fontSize: '0.8125rem' }}>
        <li>The gateway makes its own keys, which never leave it, and asks for a certificate.</li>
        <li>It fetches its signed configuration and starts its tunnels.</li>
        <li>It appears here and on every page by itself. You can close this window meanwhile.</li>
      </ol>
      <Waiting siteId={siteId} />
    </>
  );
}

function Waiting({ siteId }: { siteId: string }) {
  const { data } = useLiveQuery(gatewaysQuery, { id: siteId });
  const online = data?.site?.edges.find(({ state }) => state === 'ONLINE');
  const counts = data?.site?.tunnelCounts;
  if (online) {
    return (
      <div className="notice" data-tone="up" role="status" data-testid="gateway-connected">
        <IconCircleCheckFilled size={16} aria-hidden="true" />
        <div>
          <strong>{online.name} is connected.</strong> {counts?.up} of {counts?.total} tunnels up.
        </div>
      </div>
    );
  }
  return (
    <div className="notice" data-tone="accent" role="status" data-testid="gateway-waiting">
      <Loader size={15} />
      <div>Waiting for the gateway…</div>
    </div>
  );
}
