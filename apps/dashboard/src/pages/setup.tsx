import { PasswordInput, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { Gate } from '../components/gate.tsx';
import { GateForm } from '../components/gate-form.tsx';
import { PasswordHint } from '../components/new-password.tsx';
import { Notice } from '../components/notice.tsx';
import { minimumPasswordLength } from '../format/password.ts';
import { showAtFields } from '../live/form-errors.ts';
import { forgetSession } from '../live/session.ts';
import { useChange } from '../live/use-change.ts';
import { graphql } from '../queries/graphql.ts';

const createMutation = graphql(`
  mutation CreateFirstAdministrator($input: CreateFirstAdministratorInput!) {
    createFirstAdministrator(input: $input) { user { id } }
  }
`);

/** Makes the first administrator; reached by the one-time link that the controller printed. */
export function SetupPage() {
  const { token } = useSearch({ from: '/setup' });
  if (!token) return <MissingLink />;
  return (
    <Gate title="Welcome to Patronus" lead="Make the first administrator. Others can be added later.">
      <SetupForm token={token} />
    </Gate>
  );
}

function MissingLink() {
  return (
    <Gate title="One step is left" lead="This controller has no administrator yet.">
      <Notice tone="accent">
        Open the one-time link that <code>patronus controller</code> printed when it started. It proves that you are the
        one who runs it.
      </Notice>
    </Gate>
  );
}

function SetupForm({ token }: { token: string }) {
  const navigate = useNavigate();
  const create = useChange(createMutation);
  const [refusal, setRefusal] = useState<string | null>(null);
  const form = useForm({
    initialValues: { name: '', email: '', password: '', again: '' },
    validate: {
      name: (name) => (name.trim() ? null : 'Say how others shall see you.'),
      email: (email) => (/^\S+@\S+$/.test(email.trim()) ? null : 'Write an address such as ada@example.org.'),
      password: (password) =>
        password.length >= minimumPasswordLength ? null : `Use at least ${minimumPasswordLength} characters.`,
      again: (again, { password }) => (again === password ? null : 'The two passwords differ.'),
    },
  });
  const submit = form.onSubmit(async ({ name, email, password }) => {
    setRefusal(null);
    const outcome = await create.run({ input: { token, name: name.trim(), email: email.trim(), password } });
    if ('problem' in outcome) return setRefusal(showAtFields(form, outcome.problem));
    forgetSession();
    await navigate({ to: '/' });
  });
  return (
    <GateForm
      action="Create administrator"
      testId="setup-submit"
      isRunning={create.isRunning}
      refusal={refusal}
      onSubmit={submit}
    >
      <TextInput label="Name" autoComplete="name" data-testid="setup-name" {...form.getInputProps('name')} />
      <TextInput
        label="E-mail"
        type="email"
        autoComplete="username"
        data-testid="setup-email"
        {...form.getInputProps('email')}
      />
      <div>
        <PasswordInput
          label="Password"
          autoComplete="new-password"
          data-testid="setup-password"
          {...form.getInputProps('password')}
        />
        <PasswordHint password={form.values.password} />
      </div>
      <PasswordInput
        label="Password again"
        autoComplete="new-password"
        data-testid="setup-password-again"
        {...form.getInputProps('again')}
      />
    </GateForm>
  );
}
