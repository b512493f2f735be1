import { IconMapPinOff } from '@tabler/icons-react';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { RecentDecisions } from '../components/decisions/recent-decisions.tsx';
import { Card, Page } from '../components/page.tsx';
import { PathList } from '../components/paths/path-list.tsx';
import { Lines, Message, QueryState } from '../components/query-state.tsx';
import { EnrolDialog } from '../components/site/enrol-dialog.tsx';
import { Gateways } from '../components/site/gateways.tsx';
import { Peers } from '../components/site/peers.tsx';
import { Reach } from '../components/site/reach.tsx';
import { RemoveSite } from '../components/site/remove-site.tsx';
import { type SiteAction, SiteButtons } from '../components/site/site-actions.tsx';
import { SiteCharts } from '../components/site/site-charts.tsx';
import { SiteForm } from '../components/site/site-form.tsx';
import { SiteTunnels } from '../components/site/site-tunnels.tsx';
import { Uplinks } from '../components/site/uplinks.tsx';
import { State, siteLooks } from '../components/state.tsx';
import { explainFrom } from '../explain/links.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';

const siteQuery = graphql(`
  query Site($id: ID!) {
    site(id: $id) {
      id name description location state revision reachProbe
      edges { id state lastSeenAt }
      prefixes { prefix segment }
      uplinks { id label interface domain cost port bitsPerSecond publicEndpoints probeTargets }
    }
  }
`);

type Site = NonNullable<ResultOf<typeof siteQuery>['site']>;

/** One site: its gateways, lines, tunnels and peers, and how they do over time. */
export function SitePage() {
  const { siteId } = useParams({ from: '/inside/sites/$siteId' });
  const query = useLiveQuery(siteQuery, { id: siteId });
  return (
    <QueryState query={query} skeleton={<Lines count={8} />}>
      {({ site }) => (site ? <SiteView key={site.id} site={site} /> : <NoSite />)}
    </QueryState>
  );
}

function SiteView({ site }: { site: Site }) {
  const [action, setAction] = useState<SiteAction>();
  const navigate = useNavigate();
  const close = () => setAction(undefined);
  const title = (
    <>
      {site.name} <State look={siteLooks[site.state]} />
    </>
  );
  const actions = <SiteButtons site={site} onChoose={setAction} />;
  return (
    <Page title={title} tab={site.name} lead={<SiteLead site={site} />} actions={actions}>
      <SiteCharts siteId={site.id} />
      <div className="grid">
        <Card title="Tunnels">
          <SiteTunnels siteId={site.id} />
        </Card>
      </div>
      <div className="grid">
        <Card
          title="Paths"
          aside={
            <Link to="/explain" search={explainFrom(site)} className="quiet-link">
              Explain a path
            </Link>
          }
        >
          <PathList filter={{ siteId: site.id }} isOneSite />
        </Card>
      </div>
      <div className="grid grid-wide">
        <Card
          title="Decisions"
          aside={
            <Link to="/decisions" search={{ site: site.id }} className="quiet-link">
              All
            </Link>
          }
        >
          <RecentDecisions filter={{ siteId: site.id }} count={4} />
        </Card>
        <Card title="Reach">
          <Reach siteId={site.id} reachProbe={site.reachProbe} />
        </Card>
      </div>
      <div className="grid grid-two">
        <Card title="Gateways">
          <Gateways siteId={site.id} onEnrol={() => setAction('enrol')} />
        </Card>
        <Card title="Uplinks">
          <Uplinks siteId={site.id} />
        </Card>
      </div>
      <Peers site={site} />
      {action === 'enrol' && <EnrolDialog site={site} onClose={close} />}
      {action === 'edit' && <SiteForm site={site} onClose={close} onSaved={close} />}
      {action === 'remove' && <RemoveSite site={site} onClose={close} onDone={() => void navigate({ to: '/sites' })} />}
    </Page>
  );
}

function SiteLead({ site: { location, description, prefixes } }: { site: Site }) {
  const networks = prefixes.map(({ prefix }) => prefix).join(', ');
  return (
    <>
      {[location, description].filter(Boolean).join(' · ')}
      {(location || description) && networks && ' · '}
      <span className="mono">{networks}</span>
    </>
  );
}

function NoSite() {
  return (
    <Page title="" tab="No such site">
      <Message icon={IconMapPinOff} title="This site is not there (any more)">
        <p>
          It may have been deleted. <Link to="/sites">See all sites</Link>
        </p>
      </Message>
    </Page>
  );
}
