import { IconZoomQuestion } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Answer } from '../components/explain/answer.tsx';
import { QuestionForm } from '../components/explain/question-form.tsx';
import { Card, Page } from '../components/page.tsx';
import { Message, QueryState } from '../components/query-state.tsx';
import { explainQuery } from '../explain/model.ts';
import { isAsked } from '../explain/question.ts';
import { useLiveQuery } from '../live/use-live-query.ts';
import type { ExplainSearch } from '../search.ts';

/** Why a flow goes the way it goes; the question lives in the URL, so that the answer can be sent on. */
export function ExplainPage() {
  const search = useSearch({ from: '/inside/explain' });
  const navigate = useNavigate({ from: '/explain' });
  return (
    <Page title="Explain" lead="Why a flow goes the way it goes, there and back. The answer stays current.">
      <div className="grid">
        <Card title="Question">
          <QuestionForm
            key={JSON.stringify(search)}
            search={search}
            onAsk={(next) => void navigate({ search: next })}
          />
        </Card>
      </div>
      {isAsked(search) ? (
        <Answered search={search} />
      ) : (
        <Card>
          <Message icon={IconZoomQuestion} title="Name two hosts">
            <p>
              The answer says which policy matches, which tunnel the packets take in each direction, why that one and
              none of the others, and when that was decided. Also with <code>patronus explain</code>.
            </p>
          </Message>
        </Card>
      )}
    </Page>
  );
}

function Answered({ search }: { search: ExplainSearch & { from: string; to: string } }) {
  const query = useLiveQuery(explainQuery, search);
  return <QueryState query={query}>{({ explain }) => <Answer explanation={explain} />}</QueryState>;
}
