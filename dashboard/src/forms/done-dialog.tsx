import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { readAgain } from '../api/queries.ts';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import type { Done } from './command-line.ts';
import { CommandLines } from './command-lines.tsx';
import { ChangedSince, type TakeBack } from './undo.ts';

interface Props {
  readonly done: readonly Done[];
  /** How it is taken back; absent: it cannot be. */
  readonly undo?: TakeBack | null;
  readonly onClose: () => void;
}

/** Says that it was done, how a shell does the same, and takes a change back. */
export function DoneDialog({ done, undo, onClose }: Props) {
  const text = useText();
  const [state, setState] = useState<'done' | 'undoing' | 'undone'>('done');
  const [error, setError] = useState<Error | null>(null);
  const takeItBack = async () => {
    setState('undoing');
    setError(null);
    try {
      await undo!(ask);
      setState('undone');
    } catch (reason) {
      setError(reason as Error);
      setState('done');
    } finally {
      void readAgain();
    }
  };
  return (
    <Modal opened size="lg" title={text(state === 'undone' ? 'forms.undone' : 'forms.done')} onClose={onClose}>
      <Stack>
        {error instanceof ChangedSince ? (
          <Alert color="yellow" role="alert">
            {text('forms.changedSince')}
          </Alert>
        ) : (
          error && <ErrorNote error={error} />
        )}
        {state === 'undone' ? <div role="status">{text('forms.undoneText')}</div> : <CommandLines done={done} />}
        <Group justify="flex-end">
          {undo && state !== 'undone' && !(error instanceof ChangedSince) && (
            <Button variant="default" loading={state === 'undoing'} onClick={takeItBack}>
              {text('forms.undo')}
            </Button>
          )}
          <Button onClick={onClose} data-autofocus>
            {text('shell.close')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
