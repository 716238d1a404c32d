import { Button, Code, CopyButton, Drawer, Group, ScrollArea, Stack, Table, Tabs, TagsInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { ask } from '../api/client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';
import { readAgain } from '../api/queries.ts';
import { useObjectRights } from '../api/rights.ts';
import type { Done } from '../forms/command-line.ts';
import { DoneDialog } from '../forms/done-dialog.tsx';
import { type TakeBack, takeBackTags } from '../forms/undo.ts';
import { useNames, useText } from '../messages/text.tsx';
import { ErrorNote } from '../shell/fault.tsx';
import { Cell } from './cell.tsx';
import { waysToDependents } from './dependents.ts';
import { idOf, labelOf, type Row } from './row.ts';

interface Props {
  readonly resource: ApiResource;
  readonly resources: readonly ApiResource[];
  readonly parentId: string | null;
  readonly row: Row;
  readonly onClose: () => void;
}

/** Everything of one item: attributes, JSON, tags, and what is listed below it. */
export function Details({ resource, resources, parentId, row, onClose }: Props) {
  const text = useText();
  const names = useNames();
  const json = JSON.stringify({ [resource.member]: row }, null, 2);
  const id = idOf(resource, row);
  const { actions } = useObjectRights(resource, parentId, id === null ? [] : [id])(id);
  const canTag = resource.hasTags && (actions[`update_${resource.member}:tags`] ?? true);
  const children = resources.filter(({ parent }) => parent?.key === resource.key);
  const naming = id === null ? [] : waysToDependents(resource, resources);
  return (
    <Drawer opened position="right" size="lg" title={labelOf(resource, row)} onClose={onClose}>
      <Stack>
        {children.length + naming.length > 0 && (
          <Group gap="xs" aria-label={text('lists.below')}>
            {children.map((child) => (
              <Link
                key={child.key}
                to="/lists/$parent/$id/$collection"
                params={{ parent: resource.key, id: id ?? '', collection: child.collection }}
              >
                {names.title(child.collection)}
              </Link>
            ))}
            {naming.map(({ list, filter }) => (
              <Link
                key={`${list.key} ${filter}`}
                to="/lists/$collection"
                params={{ collection: list.key }}
                search={{ [filter]: id } as never}
              >
                {names.title(list.collection)}
              </Link>
            ))}
          </Group>
        )}
        <Tabs defaultValue="attributes">
          <Tabs.List>
            <Tabs.Tab value="attributes">{text('lists.details')}</Tabs.Tab>
            <Tabs.Tab value="json">{text('lists.json')}</Tabs.Tab>
            {canTag && <Tabs.Tab value="tags">{text('lists.tags')}</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="attributes" pt="sm">
            <Table verticalSpacing={3}>
              <Table.Tbody>
                {Object.entries(row).map(([name, value]) => (
                  <Table.Tr key={name}>
                    <Table.Th scope="row" title={name}>
                      {names.attribute(name)}
                    </Table.Th>
                    <Table.Td style={{ overflowWrap: 'anywhere' }}>
                      <Cell name={name} value={value} isWhole />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Tabs.Panel>
          <Tabs.Panel value="json" pt="sm">
            <CopyButton value={json}>
              {({ copied, copy }) => (
                <Button size="compact-xs" variant="light" onClick={copy} mb="xs">
                  {text(copied ? 'shell.copied' : 'shell.copy')}
                </Button>
              )}
            </CopyButton>
            <ScrollArea type="auto">
              <Code block tabIndex={0}>
                {json}
              </Code>
            </ScrollArea>
          </Tabs.Panel>
          {canTag && (
            <Tabs.Panel value="tags" pt="sm">
              <Tags of={{ resource, parentId, id: id! }} before={(row.tags ?? []) as string[]} />
            </Tabs.Panel>
          )}
        </Tabs>
      </Stack>
    </Drawer>
  );
}

interface Tagged {
  readonly resource: ApiResource;
  readonly parentId: string | null;
  readonly id: string;
}

function Tags({ of, before }: { of: Tagged; before: readonly string[] }) {
  const text = useText();
  const [tags, setTags] = useState<string[]>([...before]);
  const [done, setDone] = useState<{ readonly done: readonly Done[]; readonly undo: TakeBack } | null>(null);
  const { mutate, isPending, error } = useMutation({
    mutationFn: async (given: readonly string[]) => {
      const { resource, parentId, id } = of;
      await ask('PUT', `${collectionPath(resource, parentId)}/${encodeURIComponent(id)}/tags`, { tags: given });
      const undo: TakeBack = async (by) => {
        await takeBackTags(of, { before, given })(by);
        setTags([...before]);
      };
      setDone({ done: [{ ...of, verb: 'tags', body: { tags: given } }], undo });
      void readAgain();
    },
  });
  return (
    <Stack align="flex-start">
      {error && <ErrorNote error={error} />}
      <TagsInput
        label={text('lists.tags')}
        description={text('forms.listHint')}
        value={tags}
        onChange={setTags}
        w="100%"
      />
      <Button loading={isPending} onClick={() => mutate(tags)}>
        {text('lists.tagsSave')}
      </Button>
      {done && <DoneDialog {...done} onClose={() => setDone(null)} />}
    </Stack>
  );
}
