import { useMemo } from 'react';
import { useLiveQuery } from '../../live/use-live-query.ts';
import { boundWords } from '../../policies/words.ts';
import { graphql } from '../../queries/graphql.ts';
import type { Offers } from './form.ts';

const sitesQuery = graphql(`
  query OfferedSites { sites(first: 500) { edges { node { id name uplinks { label } } } } }
`);
const slaClassesQuery = graphql(`
  query OfferedSlaClasses {
    slaClasses(first: 200) { edges { node { id name roundTripMs jitterMs lossPercent mos } } }
  }
`);
const applicationsQuery = graphql(`
  query OfferedApplications { applications(first: 1000) { edges { node { id name isBuiltIn } } } }
`);

/** What a policy can name: empty lists until the answers come. */
export function useOffers(): Offers {
  const sites = useLiveQuery(sitesQuery, {}).data?.sites.edges;
  const slaClasses = useLiveQuery(slaClassesQuery, {}).data?.slaClasses.edges;
  const applications = useLiveQuery(applicationsQuery, {}).data?.applications.edges;
  return useMemo(() => {
    const labels = (sites ?? []).flatMap(({ node }) => node.uplinks.map(({ label }) => label));
    return {
      sites: (sites ?? []).map(({ node }) => node),
      labels: [...new Set(labels)].sort(),
      slaClasses: (slaClasses ?? []).map(({ node }) => ({ ...node, bounds: boundWords(node) })),
      applications: (applications ?? []).map(({ node }) => node),
    };
  }, [sites, slaClasses, applications]);
}
