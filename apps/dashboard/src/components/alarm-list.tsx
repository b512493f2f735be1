import { Button } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { alarmPlace } from '../alarms/place.ts';
import { formatAgo, formatMoment } from '../format/time.ts';
import { useChange } from '../live/use-change.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import { useNow } from '../live/use-now.ts';
import { graphql, type ResultOf } from '../queries/graphql.ts';
import { useMay } from '../rights/use-may.ts';
import { Card } from './page.tsx';
import { Message, QueryState } from './query-state.tsx';
import { SiteLink } from './site-link.tsx';
import { State, severityLooks } from './state.tsx';

const alarmsQuery = graphql(`
  query ActiveAlarms {
    alarms(first: 500, filter: { active: true }) {
      edges { node { id code severity message site { id name } raisedAt acknowledgedAt } }
    }
  }
`);

const acknowledgeMutation = graphql(`
  mutation AcknowledgeAlarm($input: AcknowledgeAlarmInput!) {
    acknowledgeAlarm(input: $input) { alarm { id acknowledgedAt } }
  }
`);

type Alarm = ResultOf<typeof alarmsQuery>['alarms']['edges'][number]['node'];

/** What needs somebody now, with what to do about it. */
export function AlarmList() {
  const query = useLiveQuery(alarmsQuery, {});
  const now = useNow();
  return (
    <QueryState query={query}>
      {({ alarms: { edges } }) =>
        edges.length === 0 ? (
          <Message icon={IconCircleCheck} title="All quiet">
            <p>Alarms appear here by themselves, with what to do about them.</p>
          </Message>
        ) : (
          edges.map(({ node }) => <AlarmRow key={node.id} alarm={node} now={now} />)
        )
      }
    </QueryState>
  );
}

interface AlarmsAboutProps {
  readonly title: string;
  readonly codes: RegExp;
  /** Of this site alone. */
  readonly site: string | undefined;
}

/** Those alarms that a page is about, on that page; nothing while there is none. */
export function AlarmsAbout({ title, codes, site }: AlarmsAboutProps) {
  const edges = useLiveQuery(alarmsQuery, {}).data?.alarms.edges ?? [];
  const now = useNow();
  const alarms = edges.flatMap(({ node }) =>
    codes.test(node.code) && (site === undefined || node.site?.id === site) ? [node] : [],
  );
  if (alarms.length === 0) return null;
  return (
    <Card title={title}>
      {alarms.map((alarm) => (
        <AlarmRow key={alarm.id} alarm={alarm} now={now} isInPlace />
      ))}
    </Card>
  );
}

interface AlarmRowProps {
  readonly alarm: Alarm;
  readonly now: number;
  /** It stands where it is looked into: no link leads there. */
  readonly isInPlace?: boolean;
}

function AlarmRow({ alarm, now, isInPlace = false }: AlarmRowProps) {
  const acknowledge = useChange(acknowledgeMutation);
  const may = useMay();
  const place = isInPlace ? null : alarmPlace(alarm.code, alarm.site?.id);
  return (
    <article className="alarm" data-testid={`alarm-${alarm.code}`}>
      <div className="alarm-head">
        <State look={severityLooks[alarm.severity]} />
        {alarm.site && <SiteLink site={alarm.site} />}
        <span className="muted grow" style={{ textAlign: 'right' }} title={formatMoment(alarm.raisedAt)}>
          {formatAgo(alarm.raisedAt, now)}
        </span>
      </div>
      <div>{alarm.message}</div>
      <div className="alarm-head muted" style={{ fontSize: '0.75rem' }}>
        <span className="mono grow">{alarm.code}</span>
        {place && (
          <Link
            to={place.to as never}
            params={place.params as never}
            search={place.search as never}
            className="quiet-link"
          >
            {place.label}
          </Link>
        )}
        {alarm.acknowledgedAt ? (
          <span>seen {formatAgo(alarm.acknowledgedAt, now)}</span>
        ) : (
          may('alarm.acknowledge') && (
            <Button
              size="compact-xs"
              variant="subtle"
              loading={acknowledge.isRunning}
              onClick={() => acknowledge.run({ input: { id: alarm.id } })}
            >
              Mark as seen
            </Button>
          )
        )}
      </div>
    </article>
  );
}
