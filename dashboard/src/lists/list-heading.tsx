import { Button, Group, Menu, Title } from '@mantine/core';
import { useResources } from '../api/described.ts';
import type { ApiResource } from '../api/description.ts';
import { useNames, useText } from '../messages/text.tsx';
import { canMakeNetworks } from '../network/create-network.ts';

interface HeadingProps {
  readonly resource: ApiResource;
  readonly columns: readonly string[];
  readonly onColumns: (columns: string[]) => void;
  readonly onCreate: () => void;
  readonly onNetwork: () => void;
}

/** What stands above a list: its name, its columns, and what makes a new one. */
export function ListHeading({ resource, columns, onColumns, onCreate, onNetwork }: HeadingProps) {
  const text = useText();
  const names = useNames();
  const { resources } = useResources();
  const hasDialog = resource.key === 'networks' && canMakeNetworks(resources);
  const all = Object.keys(resource.shown.properties ?? {}).filter((name) => name !== resource.idName);
  const toggle = (name: string) =>
    onColumns(columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name]);
  return (
    <Group justify="space-between">
      <Title order={2} size="h3">
        {names.title(resource.collection)}
      </Title>
      <Group gap="xs">
        <Menu closeOnItemClick={false} position="bottom-end">
          <Menu.Target>
            <Button variant="default" size="xs">
              {text('lists.columns')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={400} style={{ overflowY: 'auto' }}>
            {all.map((name) => (
              <Menu.CheckboxItem key={name} checked={columns.includes(name)} onChange={() => toggle(name)}>
                {names.attribute(name)}
              </Menu.CheckboxItem>
            ))}
          </Menu.Dropdown>
        </Menu>
        {hasDialog && (
          <Button size="xs" data-new onClick={onNetwork}>
            {text('network.title')}
          </Button>
        )}
        {resource.create && (
          <Button size="xs" variant={hasDialog ? 'default' : 'filled'} data-new onClick={onCreate}>
            {text('lists.create')}
          </Button>
        )}
      </Group>
    </Group>
  );
}
