/**
 * Input and the output it has to give: what steering hears in an outage of the default lab, and every decision it takes, with its
 * reason and why the others lost. Steering is pure, so the decisions come out again bit for bit.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Decision,
  initialState,
  type PathGroup,
  type SteeringConfiguration,
  type SteeringEvent,
  steer,
} from '@patronus/steering';

interface Scenario {
  readonly what: string;
  readonly configuration: SteeringConfiguration;
  readonly events: readonly SteeringEvent[];
  readonly decisions: readonly Decision[];
  readonly groups: readonly PathGroup[];
}

const folder = join(import.meta.dirname, 'steering');

for (const file of readdirSync(folder).sort()) {
  const scenario = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Scenario;
  test(`${file.replace(/\.json$/, '').replaceAll('-', ' ')}: the decisions written down come out again`, () => {
    let state = initialState;
    const decisions: Decision[] = [];
    for (const event of scenario.events) {
      const step = steer(state, event, scenario.configuration);
      state = step.state;
      decisions.push(...step.decisions);
    }
    assert.deepEqual(decisions, scenario.decisions);
    assert.deepEqual(state.groups, scenario.groups);
  });
}
