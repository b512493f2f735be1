import { ActionIcon, Button } from '@mantine/core';
import { IconArrowRight, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { formatPercent, formatRate } from '../../format/rate.ts';
import { formatAgo, formatMoment, formatMs } from '../../format/time.ts';
import { useNow } from '../../live/use-now.ts';
import { formatBytes, ratioWords } from '../../policies/words.ts';
import { isActive, type MapSite, type MapTunnel, uplinkNames } from '../../topology/model.ts';
import { endsFrom } from '../../tunnels/perspective.ts';
import { PairDecisions } from '../decisions/pair-decisions.tsx';
import { State, siteLooks, tunnelLooks } from '../state.tsx';

interface PanelProps {
  readonly title: string;
  readonly state: ReactNode;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

function Panel({ title, state, onClose, children }: PanelProps) {
  return (
    <aside className="panel" aria-label={title} data-testid="topology-panel">
      <div className="panel-head">
        <div>
          <h2>{title}</h2>
          {state}
        </div>
        <ActionIcon aria-label="Close details" onClick={onClose}>
          <IconX size={16} />
        </ActionIcon>
      </div>
      {children}
    </aside>
  );
}

export function TunnelPanel({ tunnel, onClose }: { tunnel: MapTunnel; onClose: () => void }) {
  const now = useNow();
  const { a, b } = tunnel;
  return (
    <Panel
      title={`${a.site.name} – ${b.site.name}`}
      state={<State look={tunnelLooks[tunnel.state]} />}
      onClose={onClose}
    >
      <dl className="facts">
        <dt>Uplinks</dt>
        <dd>{uplinkNames(tunnel)}</dd>
        <dt>Since</dt>
        <dd title={formatMoment(tunnel.since)}>{formatAgo(tunnel.since, now)}</dd>
        <dt>Round trip</dt>
        <dd data-testid="panel-round-trip">{formatMs(tunnel.roundTripMs)}</dd>
        <dt>Loss</dt>
        <dd>{formatPercent(tunnel.lossPercent)}</dd>
        <dt>
          {a.site.name} to {b.site.name}
        </dt>
        <dd>{formatRate(tunnel.aToBBitsPerSecond)}</dd>
        <dt>
          {b.site.name} to {a.site.name}
        </dt>
        <dd>{formatRate(tunnel.bToABitsPerSecond)}</dd>
        <dt>Outside</dt>
        <dd>IPv{tunnel.family}</dd>
        <dt>Largest packet</dt>
        <dd>{tunnel.mtu === null ? '–' : `${tunnel.mtu} bytes`}</dd>
        {tunnel.compression !== null && tunnel.compression.bytesBefore > 0 && (
          <>
            <dt>Compressed to</dt>
            <dd>
              {ratioWords(tunnel.compression.bytesBefore, tunnel.compression.bytesAfter)}{' '}
              <span className="muted">of {formatBytes(tunnel.compression.bytesBefore)}</span>
            </dd>
          </>
        )}
      </dl>
      <OpenButton to="/tunnels/$tunnelId" params={{ tunnelId: tunnel.id }}>
        Open the tunnel
      </OpenButton>
      <h3>Decisions</h3>
      <div className="panel-decisions">
        <PairDecisions filter={{ tunnelId: tunnel.id }} />
      </div>
      {[a, b].map((end) => (
        <section key={end.site.id}>
          <h3>Seen from {end.site.name}</h3>
          <dl className="facts">
            <dt>State</dt>
            <dd>
              <State look={tunnelLooks[end.state]} />
            </dd>
            <dt>Traffic</dt>
            <dd>{end.active ? <span className="in-use">In use</span> : 'Standby'}</dd>
            <dt>Uplink</dt>
            <dd>
              {end.uplink.label} <span className="mono muted">{end.uplink.interface}</span>
            </dd>
            <dt>Sends to</dt>
            <dd className="mono">{end.remoteEndpoint ?? '–'}</dd>
            <dt>Last handshake</dt>
            <dd>{formatAgo(end.lastHandshakeAt, now)}</dd>
          </dl>
        </section>
      ))}
    </Panel>
  );
}

function OpenButton({ to, params, children }: { to: string; params: object; children: ReactNode }) {
  return (
    <Button
      component={Link}
      to={to}
      params={params as never}
      variant="default"
      size="xs"
      mt="md"
      fullWidth
      rightSection={<IconArrowRight size={14} />}
    >
      {children}
    </Button>
  );
}

interface SitePanelProps {
  readonly site: MapSite;
  readonly tunnels: readonly MapTunnel[];
  readonly onClose: () => void;
  readonly onTunnel: (id: string) => void;
}

export function SitePanel({ site, tunnels, onClose, onTunnel }: SitePanelProps) {
  const own = tunnels.filter(({ a, b }) => a.site.id === site.id || b.site.id === site.id);
  return (
    <Panel title={site.name} state={<State look={siteLooks[site.state]} />} onClose={onClose}>
      <dl className="facts">
        <dt>Location</dt>
        <dd>{site.location || '–'}</dd>
        <dt>Networks</dt>
        <dd className="mono">{site.prefixes.map(({ prefix }) => prefix).join(', ') || '–'}</dd>
        <dt>Received</dt>
        <dd>{formatRate(site.receivedBitsPerSecond)}</dd>
        <dt>Sent</dt>
        <dd>{formatRate(site.sentBitsPerSecond)}</dd>
        <dt>Tunnels up</dt>
        <dd>
          {site.tunnelCounts.up} of {site.tunnelCounts.total}
        </dd>
      </dl>
      <OpenButton to="/sites/$siteId" params={{ siteId: site.id }}>
        Open the site
      </OpenButton>
      {own.length > 0 && <h3>Tunnels</h3>}
      {own.map((tunnel) => {
        const { near, far } = endsFrom<MapTunnel['a']>(tunnel, site.id);
        return (
          <button
            key={tunnel.id}
            type="button"
            className="panel-row mantine-focus-auto"
            onClick={() => onTunnel(tunnel.id)}
          >
            <span className="grow">
              <strong>{far.site.name}</strong>{' '}
              <span className="muted">
                {near.uplink.label} → {far.uplink.label}
              </span>
            </span>
            {isActive(tunnel) && <span className="in-use" title="In use" />}
            <State look={tunnelLooks[tunnel.state]} />
          </button>
        );
      })}
    </Panel>
  );
}
