import { Badge, Group, Text as Words } from '@mantine/core';
import { useText } from '../messages/text.tsx';

const colours: Readonly<Record<string, string>> = { ACTIVE: 'green', BUILD: 'yellow', DOWN: 'gray', ERROR: 'red' };

interface Props {
  readonly name: string;
  readonly value: unknown;
  /** As many lines as it takes, where there is room; else one, cut off. */
  readonly isWhole?: boolean;
}

/** One value of a list, always as text. */
export function Cell({ name, value, isWhole = false }: Props) {
  const text = useText();
  if (value === null || value === undefined || value === '') return null;
  if (typeof value === 'boolean') return text(value ? 'lists.yes' : 'lists.no');
  if (name === 'status')
    return (
      <Badge variant="dot" miw="max-content" color={colours[String(value)] ?? 'blue'}>
        {String(value)}
      </Badge>
    );
  if (name === 'tags' && Array.isArray(value))
    return (
      <Group gap={4}>
        {value.map((tag) => (
          <Badge key={String(tag)} variant="outline" tt="none">
            {String(tag)}
          </Badge>
        ))}
      </Group>
    );
  if (isWhole) return <Words size="sm">{plain(value)}</Words>;
  return (
    <Words size="sm" truncate maw={320} title={plain(value)}>
      {plain(value)}
    </Words>
  );
}

function plain(value: unknown): string {
  if (Array.isArray(value)) return value.map(plain).join(', ');
  if (value !== null && typeof value === 'object')
    return Object.entries(value)
      .map(([key, one]) => `${key}=${plain(one)}`)
      .join(' ');
  return String(value);
}
