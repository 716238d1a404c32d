import type { Text } from '../messages/text.tsx';
import { type Health, marks } from './cloud.ts';
import type { Drawn } from './graph-elements.ts';
import { shortId } from './topology.ts';

export function healthOfDrawn(drawn: Drawn): Health {
  if (drawn.kind === 'group') return drawn.group.health;
  return drawn.kind === 'device' ? drawn.device.health : drawn.item.health;
}

/** The two lines of text in a box. */
export function linesOfDrawn(drawn: Drawn, text: Text): readonly [string, string] {
  if (drawn.kind === 'group') {
    const { guests, counts } = drawn.group;
    const ill = (['error', 'down', 'building', 'off'] as const).filter((health) => counts[health]);
    const told = ill.map((health) => `${marks[health]} ${counts[health]}`).join('  ');
    return [text('topology.group', { count: guests.length }), told || `${marks.up} ${guests.length}`];
  }
  if (drawn.kind === 'network') {
    const { network, subnets, isExternal } = drawn.item;
    return [`${isExternal ? '☁ ' : ''}${network.name || shortId(network.id)}`, subnets[0]?.cidr ?? ''];
  }
  const { device } = drawn;
  if (device.kind === 'router') return [device.name, text('topology.router')];
  const addresses = device.links.flatMap((link) => link.addresses);
  return [device.name, device.floating[0] ? `☁ ${device.floating[0]}` : (addresses[0] ?? '')];
}
