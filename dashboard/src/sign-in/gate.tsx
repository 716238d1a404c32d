import { Center, Loader } from '@mantine/core';
import { Fragment, type ReactNode, useEffect, useState } from 'react';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { PasswordForm, TokenForm } from './forms.tsx';
import { findOut, tokenOf, useSignIn } from './session.ts';

const AGAIN_MS = 3000;

/** Shows the dashboard to who is known, and else the sign-in. Another token is another look: pages begin anew. */
export function SignInGate({ children }: { children: ReactNode }) {
  const state = useSignIn();
  const { how } = state;
  if (how === 'unknown') return <FindingOut />;
  const token = tokenOf(state);
  if (how === 'none' || token !== null) return <Fragment key={token}>{children}</Fragment>;
  return how === 'token' ? <TokenForm wasRefused={state.wasRefused} /> : <PasswordForm isOver={state.isOver} />;
}

function FindingOut() {
  const text = useText();
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      findOut().catch((fault: Error) => {
        setError(fault);
        timer = setTimeout(look, AGAIN_MS);
      });
    };
    look();
    return () => clearTimeout(timer);
  }, []);
  return (
    <Center h="100vh">{error ? <ErrorNote error={error} /> : <Loader aria-label={text('shell.loading')} />}</Center>
  );
}
