import { Alert, Button, Group, List, Modal, Stack, Text as Words } from '@mantine/core';
import { useRef, useState } from 'react';
import { ask } from '../api/client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';
import { readAgain } from '../api/queries.ts';
import { useNames, useText } from '../messages/text.tsx';
import { deleteEach, type Outcome } from './delete-each.ts';
import { DeleteReport } from './delete-report.tsx';
import { useDependents } from './dependents.ts';
import { idOf, labelOf, type Row } from './row.ts';

interface Props {
  readonly resource: ApiResource;
  readonly resources: readonly ApiResource[];
  readonly parentId: string | null;
  readonly rows: readonly Row[];
  readonly onClose: () => void;
}

/** Names what would go, deletes it one by one, and says of each whether it is gone, and why not. */
export function DeleteDialog({ resource, resources, parentId, rows, onClose }: Props) {
  const text = useText();
  const [outcomes, setOutcomes] = useState<readonly Outcome[] | null>(null);
  const [isOver, setIsOver] = useState(false);
  const stopping = useRef(false);
  const run = async () => {
    setOutcomes([]);
    const path = collectionPath(resource, parentId);
    await deleteEach(rows, {
      remove: async (row) => {
        await ask('DELETE', `${path}/${encodeURIComponent(idOf(resource, row) ?? '')}`);
      },
      onOutcomes: setOutcomes,
      isStopped: () => stopping.current,
    });
    setIsOver(true);
    void readAgain();
  };
  const isRunning = outcomes !== null && !isOver;
  return (
    <Modal
      opened
      size="lg"
      title={text('lists.deleteTitle', { count: rows.length })}
      onClose={onClose}
      closeOnEscape={!isRunning}
      closeOnClickOutside={!isRunning}
      withCloseButton={!isRunning}
    >
      <Stack>
        {outcomes === null ? (
          <>
            <List size="sm" withPadding>
              {rows.slice(0, 50).map((row) => (
                <List.Item key={idOf(resource, row)}>
                  {labelOf(resource, row)}{' '}
                  <Words span size="xs" c="dimmed" ff="monospace">
                    {idOf(resource, row)}
                  </Words>
                </List.Item>
              ))}
              {rows.length > 50 && <List.Item>… {text('shell.count', { count: rows.length })}</List.Item>}
            </List>
            <NamedBy resource={resource} resources={resources} rows={rows} />
            <Words size="sm">{text('lists.deleteText')}</Words>
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose} data-autofocus>
                {text('shell.cancel')}
              </Button>
              <Button color="red" onClick={run}>
                {text('lists.delete')}
              </Button>
            </Group>
          </>
        ) : (
          <DeleteReport
            {...{ resource, parentId, rows, outcomes, isOver, onClose }}
            onStop={() => {
              stopping.current = true;
            }}
          />
        )}
      </Stack>
    </Modal>
  );
}

/** What names them: it goes with them, or keeps them from going. */
function NamedBy({ resource, resources, rows }: Omit<Props, 'parentId' | 'onClose'>) {
  const text = useText();
  const names = useNames();
  const ids = rows.flatMap((row) => idOf(resource, row) ?? []);
  const { data = [] } = useDependents(resource, resources, ids);
  if (data.length === 0) return null;
  const found = data.map(({ collection, count, isMore }) => `${names.title(collection)}: ${count}${isMore ? '+' : ''}`);
  return (
    <Alert color="yellow" title={text('lists.namedBy')} styles={{ title: { color: 'var(--mantine-color-text)' } }}>
      {found.join(', ')}
    </Alert>
  );
}
