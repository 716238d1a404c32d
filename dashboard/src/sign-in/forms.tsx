import { Alert, Button, Center, Paper, PasswordInput, Stack, TextInput, Title } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { enterPassword, enterToken } from './session.ts';

/** Signs in with a user of Keystone. */
export function PasswordForm({ isOver }: { isOver: boolean }) {
  const text = useText();
  const [values, setValues] = useState({ user: '', password: '', domain: 'Default', project: '' });
  const [isSending, setIsSending] = useState(false);
  const [trouble, setTrouble] = useState<Error | 'no project' | null>(null);
  const field = (name: keyof typeof values) => ({
    name,
    label: text(`signIn.${name}`),
    value: values[name],
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) => {
      const { value } = currentTarget;
      setValues((before) => ({ ...before, [name]: value }));
    },
  });
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setIsSending(true);
    setTrouble(null);
    try {
      if (!(await enterPassword(values))) setTrouble('no project');
    } catch (error) {
      setTrouble(error as Error);
    }
    setIsSending(false);
  };
  return (
    <Sheet onSubmit={send}>
      {isOver && trouble === null && <Alert color="yellow">{text('signIn.over')}</Alert>}
      {trouble === 'no project' && <Alert color="red">{text('signIn.noProject')}</Alert>}
      {trouble instanceof Error && <ErrorNote error={trouble} />}
      <TextInput {...field('user')} required autoComplete="username" data-autofocus autoFocus />
      <PasswordInput {...field('password')} required autoComplete="current-password" />
      <TextInput {...field('domain')} required />
      <TextInput {...field('project')} description={text('signIn.projectHelp')} />
      <Button type="submit" loading={isSending}>
        {text('signIn.enter')}
      </Button>
    </Sheet>
  );
}

/** Signs in with the one token of a server without Keystone. */
export function TokenForm({ wasRefused }: { wasRefused: boolean }) {
  const text = useText();
  const [token, setToken] = useState('');
  return (
    <Sheet
      onSubmit={(event) => {
        event.preventDefault();
        enterToken(token.trim());
      }}
    >
      {wasRefused && <Alert color="red">{text('signIn.refused')}</Alert>}
      <PasswordInput
        label={text('signIn.token')}
        description={text('signIn.tokenHelp')}
        value={token}
        onChange={({ currentTarget }) => setToken(currentTarget.value)}
        required
        pattern="\s*[\x21-\x7e]+\s*"
        autoComplete="off"
        autoFocus
      />
      <Button type="submit">{text('signIn.enter')}</Button>
    </Sheet>
  );
}

function Sheet({ onSubmit, children }: { onSubmit: (event: FormEvent) => void; children: ReactNode }) {
  const text = useText();
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w={380} maw="100%">
        <form onSubmit={onSubmit}>
          <Stack>
            <Title order={1} size="h3">
              {text('signIn.title')}
            </Title>
            {children}
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
