import { Alert, Button, Stack, Text as Words } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { ApiError } from '../api/client.ts';
import { useText } from '../messages/text.tsx';
import { refusal, refusalTitle } from './refusal.ts';

/** What the server refused, or that it does not answer; with the id under which its log tells more. */
export function ErrorNote({ error }: { error: Error }) {
  const text = useText();
  const api = error instanceof ApiError ? error : null;
  const silent = api?.status === 0;
  return (
    <Alert color="red" variant="light" role="alert" title={api && refusalTitle(api, text)}>
      <Words size="sm">{silent ? text('shell.noAnswerText') : refusal(error, text)}</Words>
      {api && !silent && (
        <Words size="xs" c="dimmed" mt={4}>
          {[api.type, api.requestId && text('shell.requestId', { id: api.requestId })].filter(Boolean).join(' · ')}
        </Words>
      )}
    </Alert>
  );
}

interface Props {
  readonly children: ReactNode;
}

/** Keeps a fault of one page from taking the frame with it. */
export class Boundary extends Component<Props, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return <Broken error={this.state.error} again={() => this.setState({ error: null })} />;
  }
}

function Broken({ error, again }: { error: Error; again: () => void }) {
  const text = useText();
  return (
    <Stack align="flex-start">
      <Alert color="red" role="alert" title={text('shell.broken')}>
        {text('shell.brokenText')}
        <Words size="xs" c="dimmed" mt={4}>
          {error.message}
        </Words>
      </Alert>
      <Button onClick={again}>{text('shell.again')}</Button>
    </Stack>
  );
}
