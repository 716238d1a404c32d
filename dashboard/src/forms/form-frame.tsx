import { Button, Group, Modal, Stack } from '@mantine/core';
import type { FormEvent, ReactNode, Ref } from 'react';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';

interface Props {
  readonly title: string;
  /** What is wrong with the whole, and not with one field. */
  readonly error: Error | null;
  readonly isSending: boolean;
  readonly isRefused?: boolean;
  readonly ref?: Ref<HTMLFormElement>;
  readonly onSend: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A dialog around inputs, with what sends them and what does not. A click beside it does not lose what was typed. */
export function FormFrame({ title, error, isSending, isRefused = false, ref, onSend, onClose, children }: Props) {
  const text = useText();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend();
  };
  return (
    <Modal opened size="lg" title={title} onClose={onClose} closeOnClickOutside={false}>
      <form ref={ref} onSubmit={submit} noValidate>
        <Stack>
          {error && <ErrorNote error={error} />}
          {children}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {text('shell.cancel')}
            </Button>
            <Button type="submit" loading={isSending} disabled={isRefused}>
              {text('forms.send')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
