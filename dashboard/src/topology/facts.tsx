import { Anchor, Table } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '../messages/text.tsx';
import { type Health, marks } from './cloud.ts';
import { usePalette } from './palette.ts';

/** Name and value, one a line; those without a value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  const said = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return (
    <Table fz="sm" verticalSpacing={3} horizontalSpacing={4} variant="vertical">
      <Table.Tbody>
        {said.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={120}>{name}</Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** By colour, mark and word. */
export function HealthNote({ health }: { health: Health }) {
  const text = useText();
  const palette = usePalette();
  return (
    <span>
      <span style={{ color: palette.health[health] }}>{marks[health]}</span> {text(`topology.${health}`)}
    </span>
  );
}

/** To the list of a collection, narrowed by one attribute. */
export function ListLink({ of, by, value, children }: { of: string; by: string; value: string; children: ReactNode }) {
  return (
    <Anchor size="sm" href={`#/lists/${of}?${by}=${encodeURIComponent(value)}`}>
      {children}
    </Anchor>
  );
}
