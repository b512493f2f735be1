import type { ReactNode } from 'react';

export interface Choice<Value extends string> {
  readonly value: Value;
  readonly label: string;
  /** One line that says what it means. */
  readonly hint: string;
  readonly icon?: ReactNode;
}

interface ChoicesProps<Value extends string> {
  readonly label: string;
  readonly name: string;
  readonly choices: readonly Choice<Value>[];
  readonly value: Value;
  readonly onChange: (value: Value) => void;
}

/** One of a few, each explained beside it: native radio buttons that look like cards. */
export function Choices<Value extends string>({ label, name, choices, value, onChange }: ChoicesProps<Value>) {
  return (
    <fieldset className="choices">
      <legend>{label}</legend>
      <div className="choices-list">
        {choices.map((choice) => (
          <label key={choice.value} className="choice" data-testid={`${name}-${choice.value.toLowerCase()}`}>
            <input
              type="radio"
              name={name}
              value={choice.value}
              checked={choice.value === value}
              onChange={() => onChange(choice.value)}
            />
            <span>
              <span className="choice-label">
                {choice.icon}
                {choice.label}
              </span>
              <span className="choice-hint">{choice.hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
