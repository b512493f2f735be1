import { Button, NumberInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { showAtFields } from '../../live/form-errors.ts';
import type { Problem } from '../../live/problem.ts';
import { useChange } from '../../live/use-change.ts';
import { graphql } from '../../queries/graphql.ts';
import { useMay } from '../../rights/use-may.ts';
import {
  changesOf,
  draftOf,
  type Figure,
  type FigureName,
  type Figures,
  figureGroups,
} from '../../steering/figures.ts';
import { Confirm } from '../confirm.tsx';
import { FormSection } from '../form-section.tsx';
import { Notice } from '../notice.tsx';

const updateMutation = graphql(`
  mutation UpdateSteering($input: UpdateSteeringInput!) { updateSteering(input: $input) { steering { ownFigures } } }
`);

export type FigureChanges = Partial<Record<FigureName, number>>;

interface FiguresFormProps {
  readonly present: Figures & { readonly ownFigures: readonly string[] };
  readonly isAsking: boolean;
  /** Works out what the changes would have done; answers with what is wrong about them. */
  readonly onAsk: (changes: FigureChanges) => Promise<Problem | undefined>;
}

/** The figures that every gateway goes by: change some, ask what they would have done, then apply them. */
export function FiguresForm({ present, isAsking, onAsk }: FiguresFormProps) {
  const may = useMay();
  const update = useChange(updateMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isResetting, setResetting] = useState(false);
  const form = useForm({
    initialValues: draftOf(present),
    validate: (draft) =>
      Object.fromEntries(
        Object.entries(draft).flatMap(([name, value]) => (typeof value === 'number' ? [] : [[name, 'A number.']])),
      ),
  });
  const changes = changesOf(form.values, present);
  const count = Object.keys(changes).length;
  const show = (problem: Problem | undefined) => setRefusal(problem ? showAtFields(form, problem) : null);
  const ask = form.onSubmit(async () => show(await onAsk(changes)));
  const apply = async () => {
    const outcome = await update.run({ input: changes });
    show('problem' in outcome ? outcome.problem : undefined);
  };
  const reset = () =>
    update.run({ input: Object.fromEntries(present.ownFigures.map((name) => [name, null])) as never });
  return (
    <form onSubmit={ask} noValidate className="figures" data-testid="figures-form">
      {refusal && <Notice tone="down">{refusal}</Notice>}
      {figureGroups.map(({ title, lead, figures }) => (
        <FormSection key={title} title={title} lead={lead}>
          <div className="figure-fields">
            {figures.map((figure) => (
              <NumberInput
                key={figure.name}
                label={<FigureLabel figure={figure} isOwn={present.ownFigures.includes(figure.name)} />}
                description={figure.note}
                suffix={` ${figure.unit}`}
                min={0}
                decimalScale={3}
                thousandSeparator=""
                hideControls
                inputWrapperOrder={['label', 'input', 'description', 'error']}
                data-testid={`figure-${figure.name}`}
                {...form.getInputProps(figure.name)}
              />
            ))}
          </div>
        </FormSection>
      ))}
      <div className="form-buttons">
        <span className="muted grow">{countWords(count)}</span>
        {may('steering.update') && present.ownFigures.length > 0 && (
          <Button variant="subtle" onClick={() => setResetting(true)}>
            Back to what Patronus comes with
          </Button>
        )}
        {may('steering.update') && (
          <Button
            variant="default"
            disabled={count === 0}
            loading={update.isRunning}
            onClick={() => void apply()}
            data-testid="figures-apply"
          >
            Apply to every gateway
          </Button>
        )}
        <Button type="submit" disabled={count === 0} loading={isAsking} data-testid="what-if-ask">
          What would it have done?
        </Button>
      </div>
      {isResetting && (
        <Confirm
          title="Back to what Patronus comes with?"
          action="Reset figures"
          onClose={() => setResetting(false)}
          onConfirm={reset}
        >
          Every gateway takes it over within a second. Nothing that flows is cut.
        </Confirm>
      )}
    </form>
  );
}

function FigureLabel({ figure, isOwn }: { figure: Figure; isOwn: boolean }) {
  return (
    <>
      {figure.label}
      {isOwn && <span className="figure-own"> · set by you</span>}
    </>
  );
}

function countWords(count: number): string {
  if (count === 0) return 'Change a figure to ask what it would have done';
  return count === 1 ? '1 figure changed' : `${count} figures changed`;
}
