import { Alert, Button, Group, List, Modal, Progress, Stack, Text as Words } from '@mantine/core';
import { useState } from 'react';
import { ApiError, ask } from '../api/client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';
import { readAgain } from '../api/queries.ts';
import { CommandLines } from '../forms/command-lines.tsx';
import { useNames, useText } from '../messages/text.tsx';
import { useDependents } from './dependents.ts';
import { idOf, labelOf, type Row } from './row.ts';

interface Props {
  readonly resource: ApiResource;
  readonly resources: readonly ApiResource[];
  readonly parentId: string | null;
  readonly rows: readonly Row[];
  readonly onClose: () => void;
}

interface Outcome {
  readonly row: Row;
  readonly error: ApiError | null;
}

/** Names what would go, deletes it one by one, and shows what was refused and why. */
export function DeleteDialog({ resource, resources, parentId, rows, onClose }: Props) {
  const text = useText();
  const [outcomes, setOutcomes] = useState<readonly Outcome[] | null>(null);
  const isRunning = outcomes !== null && outcomes.length < rows.length;
  const run = async () => {
    const done: Outcome[] = [];
    setOutcomes([]);
    for (const row of rows) {
      done.push({ row, error: await deleted(resource, parentId, row) });
      setOutcomes([...done]);
    }
    void readAgain();
  };
  return (
    <Modal
      opened
      size="lg"
      title={text('lists.deleteTitle', { count: rows.length })}
      onClose={onClose}
      closeOnEscape={!isRunning}
    >
      <Stack>
        {outcomes === null ? (
          <>
            <List size="sm" withPadding style={{ overflowWrap: 'anywhere' }}>
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
          <Report resource={resource} parentId={parentId} outcomes={outcomes} count={rows.length} onClose={onClose} />
        )}
      </Stack>
    </Modal>
  );
}

async function deleted(resource: ApiResource, parentId: string | null, row: Row): Promise<ApiError | null> {
  try {
    await ask('DELETE', `${collectionPath(resource, parentId)}/${encodeURIComponent(idOf(resource, row) ?? '')}`);
    return null;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
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

interface ReportProps extends Omit<Props, 'rows' | 'resources'> {
  readonly outcomes: readonly Outcome[];
  readonly count: number;
}

function Report({ resource, parentId, outcomes, count, onClose }: ReportProps) {
  const text = useText();
  const refused = outcomes.filter(({ error }) => error !== null);
  const gone = outcomes.filter(({ error }) => error === null);
  const isRunning = outcomes.length < count;
  return (
    <>
      {isRunning && (
        <Progress
          value={(100 * outcomes.length) / count}
          animated
          aria-label={text('lists.deleting', { done: outcomes.length, count })}
        />
      )}
      <div role="status">
        {isRunning
          ? text('lists.deleting', { done: outcomes.length, count })
          : text('lists.deleted', { count: gone.length })}
      </div>
      {refused.length > 0 && (
        <Alert color="red" role="alert" title={text('lists.refused', { count: refused.length })}>
          <List size="sm" style={{ overflowWrap: 'anywhere' }}>
            {refused.map(({ row, error }) => (
              <List.Item key={idOf(resource, row)}>
                {labelOf(resource, row)}: {error!.message}{' '}
                <Words span size="xs" c="dimmed">
                  {error!.type} {error!.requestId}
                </Words>
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      {!isRunning && gone.length === 1 && (
        <CommandLines done={[{ resource, verb: 'delete', id: idOf(resource, gone[0]!.row), parentId, body: {} }]} />
      )}
      <Group justify="flex-end">
        <Button onClick={onClose} disabled={isRunning}>
          {text('shell.close')}
        </Button>
      </Group>
    </>
  );
}
