import { Button } from '@mantine/core';
import { IconServerOff } from '@tabler/icons-react';
import { useState } from 'react';
import { formatAgo, formatMoment, formatUntil } from '../../format/time.ts';
import { useChange } from '../../live/use-change.ts';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { useNow } from '../../live/use-now.ts';
import { graphql, type ResultOf } from '../../queries/graphql.ts';
import { protectionWords } from '../../queues/words.ts';
import { useMay } from '../../rights/use-may.ts';
import { Confirm } from '../confirm.tsx';
import { Notice } from '../notice.tsx';
import { Message, QueryState } from '../query-state.tsx';
import { configurationLooks, edgeLooks, State } from '../state.tsx';

const gatewaysQuery = graphql(`
  query SiteGateways($id: ID!) {
    site(id: $id) {
      id
      edges {
        id name state overlayAddress softwareVersion lastSeenAt certificateExpiresAt
        configurationState configurationVersion configurationError
        capabilities { name value }
        protection { sent copies paritySent received repaired lost residualPercent }
      }
    }
  }
`);

const revokeMutation = graphql(`
  mutation RevokeEdge($input: RevokeEdgeInput!) {
    revokeEdge(input: $input) { edge { id state } }
  }
`);

type Gateway = NonNullable<ResultOf<typeof gatewaysQuery>['site']>['edges'][number];

export function Gateways({ siteId, onEnrol }: { siteId: string; onEnrol: () => void }) {
  const query = useLiveQuery(gatewaysQuery, { id: siteId });
  const may = useMay();
  return (
    <QueryState query={query}>
      {({ site }) =>
        site && site.edges.length > 0 ? (
          site.edges.map((gateway) => <GatewayFacts key={gateway.id} gateway={gateway} onEnrol={onEnrol} />)
        ) : (
          <Message icon={IconServerOff} title="No gateway yet">
            <p>One command on a Linux machine makes it this site's gateway.</p>
            {may('token.create') && (
              <Button variant="default" onClick={onEnrol}>
                Show the command
              </Button>
            )}
          </Message>
        )
      }
    </QueryState>
  );
}

const capabilityWords: Readonly<Record<string, string>> = {
  cipher: 'cipher',
  tun: 'TUN',
  udpSend: 'send',
  udpReceive: 'receive',
};

/** `cipher openssl · TUN tso4 tso6 uso4 uso6 · send segment · receive gro`. */
function packetPathWords(capabilities: Gateway['capabilities']): string {
  return capabilities
    .filter(({ name }) => name in capabilityWords)
    .map(({ name, value }) => `${capabilityWords[name]} ${value}`)
    .join(' · ');
}

function GatewayFacts({ gateway, onEnrol }: { gateway: Gateway; onEnrol: () => void }) {
  const now = useNow();
  const [isRevoking, setRevoking] = useState(false);
  const revoke = useChange(revokeMutation);
  const may = useMay();
  const protection = gateway.protection && protectionWords(gateway.protection);
  const isTrusted = gateway.state === 'ONLINE' || gateway.state === 'OFFLINE';
  return (
    <div className="block">
      <div className="block-head">
        <strong>{gateway.name}</strong>
        <State look={edgeLooks[gateway.state]} />
        <span className="grow" />
        {gateway.state === 'PENDING' && may('token.create') && (
          <Button size="compact-xs" variant="subtle" onClick={onEnrol}>
            Show the command
          </Button>
        )}
        {isTrusted && may('edge.revoke') && (
          <Button size="compact-xs" variant="subtle" color="red" onClick={() => setRevoking(true)}>
            Revoke
          </Button>
        )}
      </div>
      <dl className="facts">
        <dt>Configuration</dt>
        <dd>
          <State look={configurationLooks[gateway.configurationState]} />{' '}
          {gateway.configurationVersion && <span className="muted">version {gateway.configurationVersion}</span>}
        </dd>
        <dt>Last seen</dt>
        <dd title={gateway.lastSeenAt ? formatMoment(gateway.lastSeenAt) : undefined}>
          {formatAgo(gateway.lastSeenAt, now)}
        </dd>
        <dt>Software</dt>
        <dd>{gateway.softwareVersion ?? '–'}</dd>
        <dt>Overlay address</dt>
        <dd className="mono">{gateway.overlayAddress}</dd>
        <dt>Certificate</dt>
        <dd>{gateway.certificateExpiresAt ? `expires ${formatUntil(gateway.certificateExpiresAt, now)}` : '–'}</dd>
        {gateway.capabilities.length > 0 && (
          <>
            <dt>Packet path</dt>
            <dd>{packetPathWords(gateway.capabilities)}</dd>
          </>
        )}
        {protection && (
          <>
            <dt>Protected</dt>
            <dd title="Packets sent twice or with parity, since the start of its packet path">
              {protection.sent}
              <span className="second">{protection.came}</span>
            </dd>
          </>
        )}
      </dl>
      {gateway.configurationError && <Notice tone="warn">{gateway.configurationError}</Notice>}
      {isRevoking && (
        <Confirm
          title={`Revoke ${gateway.name}?`}
          action="Revoke gateway"
          onClose={() => setRevoking(false)}
          onConfirm={() => revoke.run({ input: { edgeId: gateway.id } })}
        >
          Its certificate is refused from now on and its tunnels are taken out of every other gateway. To use the
          machine again, enrol it with a new command.
        </Confirm>
      )}
    </div>
  );
}
