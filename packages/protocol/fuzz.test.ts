import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutateText, mutateValue, seededNumbers } from '@patronus/testkit';
import {
  configurationSchema,
  controllerMessageSchema,
  edgeMessageSchema,
  enrolmentAnswerSchema,
  enrolmentRequestSchema,
  formatEnrolmentToken,
  parseEnrolmentToken,
  renewalRequestSchema,
  signedConfigurationSchema,
} from './index.ts';
import { configuration, messages } from './samples.ts';

const MUTATIONS = 1_000_000;
const schemas = [
  edgeMessageSchema,
  controllerMessageSchema,
  configurationSchema,
  signedConfigurationSchema,
  enrolmentAnswerSchema,
  enrolmentRequestSchema,
  renewalRequestSchema,
];

test('a million mutations of every message let no exception escape, and most are refused', { timeout: 120_000 }, () => {
  const next = seededNumbers(0x5eed);
  const values = [...messages, configuration];
  const texts = values.map((value) => JSON.stringify(value));
  let refused = 0;
  for (let count = 0; count < MUTATIONS; count++) {
    const value =
      (count & 1) === 0
        ? parsed(mutateText(texts[next() % texts.length]!, next))
        : mutateValue(values[next() % values.length], next);
    if (value === undefined || !schemas[count % schemas.length]!.safeParse(value).success) refused += 1;
  }
  assert.ok(refused > MUTATIONS / 2, `${refused} refused`);
});

test('a million mutations of an enrolment token let no exception escape', { timeout: 120_000 }, () => {
  const next = seededNumbers(0xfeed);
  const token = { u: ['https://controller.example.net:8443'], s: 'a'.repeat(43), p: ['0'.repeat(64)] };
  const text = formatEnrolmentToken(token);
  let refused = 0;
  for (let count = 0; count < MUTATIONS; count++) {
    if (parseEnrolmentToken(mutateText(text, next)) === undefined) refused += 1;
  }
  assert.ok(refused > MUTATIONS / 2, `${refused} refused`);
});

/** The value of a JSON text, or undefined where it is none: that is JSON's business, not the schemas'. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
