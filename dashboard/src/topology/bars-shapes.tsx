import type { KeyboardEvent } from 'react';
import type { Text } from '../messages/text.tsx';
import { BAR, type Bar, BOX, type Box, type Line } from './bars-layout.ts';
import { type Health, marks } from './cloud.ts';
import { barLabel, describe, hopsText } from './descriptions.ts';
import { healthOfDrawn, linesOfDrawn } from './lines.ts';
import { colourOfHops, fitting, type Palette } from './palette.ts';
import type { HopsHere } from './trace-marks.ts';

interface Shared {
  readonly palette: Palette;
  readonly text: Text;
  readonly isSelected: boolean;
  readonly onSelect: (id: string) => void;
  /** The trace's hops here. */
  readonly hops: HopsHere | undefined;
}

/** What makes a shape a button: by mouse, by keyboard, for a screen reader. */
function button(id: string, label: string, { isSelected, onSelect }: Pick<Shared, 'isSelected' | 'onSelect'>) {
  return {
    role: 'button',
    tabIndex: 0,
    'aria-label': label,
    'aria-pressed': isSelected,
    className: 'topology-thing',
    onClick: () => onSelect(id),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onSelect(id);
    },
  };
}

/** A network over the whole width: name, CIDRs, and what serves it; its text begins where one looks (`left`). */
export function BarShape({ bar, width, left, ...shared }: Shared & { bar: Bar; width: number; left: number }) {
  const { palette, text, isSelected, hops } = shared;
  const { item } = bar;
  const { id } = item.network;
  const label = barLabel(text, item);
  return (
    <g {...button(id, describe(text, { kind: 'network', item }, hops), shared)}>
      <rect
        x={0}
        y={bar.y}
        width={width}
        height={BAR}
        rx={6}
        fill={palette.network(item.hue)}
        stroke={hops ? colourOfHops(palette, hops) : isSelected || item.isExternal ? palette.ink : palette.edge}
        strokeWidth={hops || isSelected ? 3 : 1}
        strokeDasharray={item.isExternal ? '8 3' : undefined}
      />
      <Mark health={item.health} palette={palette} x={left + 12} y={bar.y + 20} />
      <text x={left + 30} y={bar.y + 20} fontSize={13} fill={palette.ink}>
        {item.isExternal ? '☁ ' : ''}
        {fitting(label.join('  ·  '), Math.max(30, (width - left) / 9))}{' '}
      </text>
      {hops && <Badge hops={hops} palette={palette} x={width - 20} y={bar.y + BAR / 2} />}
    </g>
  );
}

/** A router, a guest, or a group of them (a pile). */
export function BoxShape({ box, ...shared }: Shared & { box: Box }) {
  const { palette, text, isSelected, hops } = shared;
  const { x, y } = box;
  const stroke = hops ? colourOfHops(palette, hops) : isSelected ? palette.ink : palette.edge;
  const strokeWidth = hops || isSelected ? 3 : 1;
  const rect = {
    width: BOX.width,
    height: BOX.height,
    rx: box.kind === 'device' && box.device.kind === 'router' ? 22 : 5,
  };
  const lines = linesOfDrawn(box, text);
  return (
    <g {...button(box.id, describe(text, box, hops), shared)}>
      {box.kind === 'group' &&
        [6, 3].map((off) => (
          <rect key={off} x={x + off} y={y - off} {...rect} fill={palette.box} stroke={palette.edge} />
        ))}
      <rect x={x} y={y} {...rect} fill={palette.box} stroke={stroke} strokeWidth={strokeWidth} />
      <Mark health={healthOfDrawn(box)} palette={palette} x={x + 10} y={y + 20} />
      <text x={x + 28} y={y + 20} fontSize={12} fill={palette.ink}>
        {fitting(lines[0], 13)}{' '}
      </text>
      <text x={x + 28} y={y + 36} fontSize={11} fill={palette.faint}>
        {fitting(lines[1], 15)}{' '}
      </text>
      {hops && <Badge hops={hops} palette={palette} x={x + BOX.width - 4} y={y + 2} />}
    </g>
  );
}

/** From a box to its network, broken where the port does not work. */
export function LineShape({
  line,
  colour,
  hops,
  palette,
}: Pick<Shared, 'hops' | 'palette'> & { line: Line; colour: string }) {
  const health = line.link?.health ?? 'up';
  const stroke = hops ? colourOfHops(palette, hops) : health === 'up' ? colour : palette.health[health];
  const end = line.points.at(-1)!;
  return (
    <g>
      <polyline
        points={line.points.map(({ x, y }) => `${x},${y}`).join(' ')}
        fill="none"
        stroke={stroke}
        strokeWidth={hops ? 4 : 2}
        strokeDasharray={health === 'up' ? undefined : '5 4'}
      />
      <circle cx={end.x} cy={end.y} r={3} fill={stroke} />
    </g>
  );
}

function Mark({ health, palette, x, y }: { health: Health; palette: Palette; x: number; y: number }) {
  return (
    <text x={x} y={y} fontSize={13} fill={palette.health[health]}>
      {marks[health]}
    </text>
  );
}

/** Which hops of a trace are here. */
function Badge({ hops, palette, x, y }: { hops: HopsHere; palette: Palette; x: number; y: number }) {
  const label = hopsText(hops);
  const width = 12 + label.length * 7;
  return (
    <g>
      <rect x={x - width / 2} y={y - 9} width={width} height={18} rx={9} fill={colourOfHops(palette, hops)} />
      <text x={x} y={y + 4} fontSize={11} textAnchor="middle" fill={palette.onPath}>
        {label}
      </text>
    </g>
  );
}
