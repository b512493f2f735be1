import { PasswordInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useRouter, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Gate } from '../components/gate.tsx';
import { GateForm } from '../components/gate-form.tsx';
import { Notice } from '../components/notice.tsx';
import { showAtFields } from '../live/form-errors.ts';
import { forgetSession } from '../live/session.ts';
import { useChange } from '../live/use-change.ts';
import { graphql } from '../queries/graphql.ts';

const signInMutation = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) { user { id } }
  }
`);

/** Where everybody comes in, and comes back when a session ended; afterwards to the page they wanted. */
export function SignInPage() {
  const { to, ended } = useSearch({ from: '/sign-in' });
  const router = useRouter();
  const signIn = useChange(signInMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({ initialValues: { email: '', password: '' } });
  const submit = form.onSubmit(async (input) => {
    setRefusal(null);
    const outcome = await signIn.run({ input: { ...input, email: input.email.trim() } });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    forgetSession();
    router.history.push(to ?? '/');
  });
  return (
    <Gate title="Sign in" lead="To the network of your organisation.">
      <GateForm
        action="Sign in"
        testId="sign-in-submit"
        isRunning={signIn.isRunning}
        refusal={refusal}
        onSubmit={submit}
      >
        {ended && !refusal && <Notice tone="accent">Your session has ended. Sign in again to go on.</Notice>}
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="username"
          autoFocus
          data-testid="sign-in-email"
          {...form.getInputProps('email')}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          data-testid="sign-in-password"
          {...form.getInputProps('password')}
        />
      </GateForm>
    </Gate>
  );
}
