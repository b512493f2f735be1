import { formatRate } from '../../format/rate.ts';
import { formatAgo } from '../../format/time.ts';
import { useNow } from '../../live/use-now.ts';
import type { TunnelState } from '../../queries/graphql.ts';
import { waitingWords } from '../../queues/words.ts';
import { QueueTable, type Shaping } from '../queue-table.tsx';
import { SiteLink } from '../site-link.tsx';
import { drainedLook, State, tunnelLooks } from '../state.tsx';

export interface TunnelEnd {
  readonly site: { readonly id: string; readonly name: string };
  readonly uplink: {
    readonly label: string;
    readonly interface: string;
    readonly isDrained: boolean;
    /** What waits before it, of all of its tunnels; null: its rate is not known. */
    readonly shaping: Shaping | null;
  };
  readonly state: TunnelState;
  readonly active: boolean;
  readonly remoteEndpoint: string | null;
  readonly lastHandshakeAt: string | null;
  readonly mtu: number | null;
}

/** The tunnel as each end sees it. */
export function Ends({ ends }: { ends: readonly TunnelEnd[] }) {
  const now = useNow();
  return ends.map((end) => (
    <div className="block" key={end.site.id}>
      <div className="block-head">
        <SiteLink site={end.site} />
        <State look={tunnelLooks[end.state]} />
        {end.uplink.isDrained && <State look={drainedLook} />}
        <span className="grow" />
        {end.active ? <span className="in-use">In use</span> : <span className="muted">Standby</span>}
      </div>
      <dl className="facts">
        <dt>Uplink</dt>
        <dd>
          {end.uplink.label} <span className="mono muted">{end.uplink.interface}</span>
        </dd>
        <dt>Sends to</dt>
        <dd className="mono">{end.remoteEndpoint ?? '–'}</dd>
        <dt>Last handshake</dt>
        <dd>{formatAgo(end.lastHandshakeAt, now)}</dd>
        <dt>Largest packet</dt>
        <dd>{end.mtu === null ? '–' : `${end.mtu} bytes`}</dd>
        {end.uplink.shaping && (
          <>
            <dt>Shaped</dt>
            <dd>
              to {formatRate(end.uplink.shaping.bitsPerSecond)}{' '}
              <span className="muted">· {waitingWords(end.uplink.shaping)}</span>
            </dd>
          </>
        )}
      </dl>
      {end.uplink.shaping && (
        <QueueTable
          label={`Queues before ${end.uplink.label} of ${end.site.name}`}
          queues={end.uplink.shaping.queues}
        />
      )}
    </div>
  ));
}
