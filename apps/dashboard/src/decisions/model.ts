import { graphql, type ResultOf } from '../queries/graphql.ts';

const treatmentFields = graphql(`
  fragment TreatmentFields on Treatment @_unmask {
    id
    slaClass { id name roundTripMs jitterMs lossPercent mos }
    path { mode labels weights { label weight } }
    policies { id name }
  }
`);

/** What a row of the timeline says. */
export const decisionFields = graphql(
  `
  fragment DecisionFields on Decision @_unmask {
    id at rule reason treatmentId chosenLabel previousLabel
    edge { id site { id name } }
    remoteEdge { id site { id name } }
    treatment { ...TreatmentFields }
  }
`,
  [treatmentFields],
);

export const decisionsQuery = graphql(
  `
  query Decisions($first: Int, $after: String, $last: Int, $before: String, $filter: DecisionFilter) {
    decisions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { node { ...DecisionFields } }
    }
  }
`,
  [decisionFields],
);

/** All that led to one decision. */
export const decisionQuery = graphql(
  `
  query Decision($id: ID!) {
    decision(id: $id) {
      ...DecisionFields
      number configurationHash configurationVersion
      candidates {
        tunnelId label rank state meetsSla roundTripMs lossPercent jitterMs mos cost why
        tunnel { id }
      }
    }
  }
`,
  [decisionFields],
);

export const treatmentsQuery = graphql(
  `
  query Treatments { treatments { ...TreatmentFields } }
`,
  [treatmentFields],
);

export const pathsQuery = graphql(
  `
  query Paths($filter: PathFilter) {
    paths(first: 500, filter: $filter) {
      edges {
        node {
          id since treatmentId
          edge { id site { id name reachProbe prefixes { prefix } } }
          remoteEdge { id site { id name reachProbe prefixes { prefix } } }
          treatment { ...TreatmentFields }
          members {
            rank uplinkLabel meetsSla misses
            tunnel { id state a { site { id } uplink { label } } b { site { id } uplink { label } } }
          }
        }
      }
    }
  }
`,
  [treatmentFields],
);

export type Decision = ResultOf<typeof decisionsQuery>['decisions']['edges'][number]['node'];
export type DecisionDetail = NonNullable<ResultOf<typeof decisionQuery>['decision']>;
export type Path = ResultOf<typeof pathsQuery>['paths']['edges'][number]['node'];
