import { Button, NativeSelect, Tooltip } from '@mantine/core';
import { useText } from '../messages/text.tsx';
import { changeProject, leave, useSignIn } from './session.ts';

/** Who is signed in: changes the project, or ends it. Nothing where nobody signs in. */
export function Account() {
  const text = useText();
  const state = useSignIn();
  if (state.how !== 'keystone' && state.how !== 'token') return null;
  const session = state.how === 'keystone' ? state.session : null;
  return (
    <>
      {session !== null && (
        <NativeSelect
          size="xs"
          maw={{ base: 120, sm: 240 }}
          aria-label={text('signIn.changeProject')}
          value={session.project.id}
          data={session.projects.map(({ id, name }) => ({ value: id, label: name }))}
          // What is refused leaves everything as it was.
          onChange={({ currentTarget }) => void changeProject(currentTarget.value).catch(() => {})}
        />
      )}
      <Tooltip label={session?.user ?? ''} disabled={session === null}>
        <Button variant="subtle" size="compact-sm" onClick={leave}>
          {text('signIn.leave')}
        </Button>
      </Tooltip>
    </>
  );
}
