import { graphql, type ResultOf } from '../queries/graphql.ts';

const directionFields = graphql(`
  fragment DirectionFields on ExplainedDirection @_unmask {
    from to sentence
    fromSite { id name }
    toSite { id name }
    tunnel { id a { site { id } uplink { label } } b { site { id } uplink { label } } }
    path { members { rank uplinkLabel meetsSla misses tunnel { id } } }
    decision { id at rule reason candidates {
      tunnelId label rank state meetsSla roundTripMs lossPercent jitterMs mos cost why tunnel { id }
    } }
  }
`);

export const explainQuery = graphql(
  `
  query Explain($from: String!, $to: String!, $protocol: String, $port: Int, $dscp: Int, $application: String) {
    explain(from: $from, to: $to, protocol: $protocol, port: $port, dscp: $dscp, application: $application) {
      at way sentence isCertain unknown
      policy { id name action position }
      treatment { id slaClass { name roundTripMs jitterMs lossPercent mos } path { mode labels weights { label weight } } policies { name } }
      considered { verdict why policy { id name position action } }
      there { ...DirectionFields }
      back { ...DirectionFields }
    }
  }
`,
  [directionFields],
);

export type Explanation = ResultOf<typeof explainQuery>['explain'];
export type ExplainedDirection = Explanation['there'];
