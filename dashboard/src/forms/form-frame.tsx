import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { type FormEvent, type KeyboardEvent, type ReactNode, type Ref, useState } from 'react';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';

interface Props {
  readonly title: string;
  /** What is wrong with the whole, and not with one field. */
  readonly error: Error | null;
  readonly isSending: boolean;
  readonly isRefused?: boolean;
  /** Something was typed or chosen that is not sent yet. */
  readonly isChanged: boolean;
  readonly ref?: Ref<HTMLFormElement>;
  readonly onSend: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/**
 * A dialog around inputs, with what sends them and what does not. A slip does not lose what was typed: a click beside it does
 * nothing, Escape asks.
 */
export function FormFrame(props: Props) {
  const { title, error, isSending, isRefused = false, isChanged, ref, onSend, onClose, children } = props;
  const text = useText();
  const [isAsking, setIsAsking] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSend();
  };
  const onEscape = (event: KeyboardEvent) => {
    // An open list of a field is what Escape closes first; that is done by the field.
    if (event.key !== 'Escape' || event.nativeEvent.isComposing || isListOpen(event.target as Element)) return;
    if (isAsking || isChanged) setIsAsking(!isAsking);
    else onClose();
  };
  return (
    <Modal
      opened
      size="lg"
      title={title}
      onClose={onClose}
      onKeyDown={onEscape}
      closeOnEscape={false}
      closeOnClickOutside={false}
    >
      <form ref={ref} onSubmit={submit} noValidate>
        <Stack>
          {error && <ErrorNote error={error} />}
          {children}
          {isAsking && (
            <Alert color="yellow" role="alert">
              <Group justify="space-between" gap="xs">
                {text('forms.loses')}
                <Group gap="xs">
                  <Button size="compact-sm" variant="default" autoFocus onClick={() => setIsAsking(false)}>
                    {text('forms.keep')}
                  </Button>
                  <Button size="compact-sm" color="red" onClick={onClose}>
                    {text('forms.lose')}
                  </Button>
                </Group>
              </Group>
            </Alert>
          )}
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

function isListOpen(at: Element): boolean {
  return at.closest('[role=listbox]') !== null || at.getAttribute('aria-expanded') === 'true';
}
