import { Button, Group, Modal, Stack, Text as Words } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';

interface Props {
  readonly title: string;
  /** What follows of it. */
  readonly children: string;
  /** What the button that does it says. */
  readonly action: string;
  readonly run: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something that cannot be taken back; stays with the reason when it is refused. */
export function Confirm({ title, children, action, run, onClose }: Props) {
  const text = useText();
  const { mutate, isPending, error } = useMutation({ mutationFn: run, onSuccess: onClose });
  return (
    <Modal opened title={title} onClose={onClose} closeOnEscape={!isPending}>
      <Stack>
        <Words size="sm">{children}</Words>
        {error && <ErrorNote error={error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {text('shell.cancel')}
          </Button>
          <Button color="red" loading={isPending} onClick={() => mutate()}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
