import { ActionIcon, CloseButton, Group, Paper, Tooltip } from '@mantine/core';
import { useId, useState } from 'react';
import type { MessageKey } from '../messages/all.ts';
import { useText } from '../messages/text.tsx';
import { type Health, marks } from './cloud.ts';
import { type Palette, usePalette } from './palette.ts';

/** A hue that networks may have: which one is whose is told beside it. */
const HUE = 200;

/** What the shapes, marks, colours and lines of both views mean; shown when it is asked for. */
export function Legend() {
  const text = useText();
  const palette = usePalette();
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <Tooltip label={text('topology.legend')} disabled={isOpen}>
        <ActionIcon
          className="topology-legend-button"
          variant="default"
          size="lg"
          w="auto"
          px={8}
          fz="xs"
          aria-expanded={isOpen}
          aria-controls={isOpen ? id : undefined}
          onClick={() => setIsOpen(!isOpen)}
        >
          {text('topology.legend')}
        </ActionIcon>
      </Tooltip>
      {isOpen && (
        <Paper
          id={id}
          withBorder
          shadow="sm"
          p="xs"
          fz="xs"
          component="section"
          className="topology-legend"
          aria-label={text('topology.legend')}
          onKeyDown={(event) => event.key === 'Escape' && setIsOpen(false)}
        >
          <Group justify="space-between" wrap="nowrap">
            <b>{text('topology.legend')}</b>
            <CloseButton size="sm" aria-label={text('shell.close')} onClick={() => setIsOpen(false)} />
          </Group>
          <ul>
            {shapes.map(({ told, Shape }) => (
              <li key={told}>
                <svg width={44} height={22} aria-hidden="true">
                  <Shape palette={palette} />
                </svg>
                {text(told)}
              </li>
            ))}
            {(Object.keys(marks) as Health[]).map((health) => (
              <li key={health}>
                <span aria-hidden="true" style={{ color: palette.health[health], width: 44, textAlign: 'center' }}>
                  {marks[health]}
                </span>
                {text(`topology.${health}`)}
              </li>
            ))}
          </ul>
        </Paper>
      )}
    </>
  );
}

type Shape = (props: { palette: Palette }) => React.ReactNode;

const box = { x: 3, width: 36, y: 4, height: 15 };
const shapes: readonly { readonly told: MessageKey; readonly Shape: Shape }[] = [
  {
    told: 'topology.legendNetwork',
    Shape: ({ palette }) => <rect {...box} rx={4} fill={palette.network(HUE)} stroke={palette.edge} />,
  },
  {
    told: 'topology.legendExternal',
    Shape: ({ palette }) => (
      <>
        <rect {...box} rx={4} fill={palette.network(HUE)} stroke={palette.ink} strokeDasharray="6 3" />
        <text x={15} y={15} fontSize={11} fill={palette.ink}>
          ☁
        </text>
      </>
    ),
  },
  {
    told: 'topology.router',
    Shape: ({ palette }) => <rect {...box} rx={8} fill={palette.box} stroke={palette.edge} />,
  },
  {
    told: 'topology.guest',
    Shape: ({ palette }) => <rect {...box} rx={2} fill={palette.box} stroke={palette.edge} />,
  },
  {
    told: 'topology.legendGroup',
    Shape: ({ palette }) =>
      [4, 2, 0].map((off) => (
        <rect key={off} {...box} x={box.x + off} y={box.y - off + 1} rx={2} fill={palette.box} stroke={palette.edge} />
      )),
  },
  {
    told: 'topology.legendService',
    Shape: ({ palette }) => (
      <text x={4} y={15} fontSize={10} fill={palette.ink}>
        [DHCP]
      </text>
    ),
  },
  {
    told: 'topology.legendLine',
    Shape: ({ palette }) => <line x1={3} x2={40} y1={11} y2={11} strokeWidth={2} stroke={palette.edge} />,
  },
  {
    told: 'topology.legendBroken',
    Shape: ({ palette }) => (
      <line x1={3} x2={40} y1={11} y2={11} strokeWidth={2} stroke={palette.health.down} strokeDasharray="5 4" />
    ),
  },
  {
    told: 'topology.legendPath',
    Shape: ({ palette }) => (
      <>
        <line x1={3} x2={40} y1={11} y2={11} strokeWidth={4} stroke={palette.path} />
        <rect x={13} y={3} width={16} height={16} rx={8} fill={palette.path} />
        <text x={21} y={15} fontSize={11} textAnchor="middle" fill={palette.onPath}>
          1
        </text>
      </>
    ),
  },
];
