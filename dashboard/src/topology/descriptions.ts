import type { Text } from '../messages/text.tsx';
import { marks } from './cloud.ts';
import type { Drawn } from './graph-elements.ts';
import { healthOfDrawn, linesOfDrawn } from './lines.ts';
import { type NetworkItem, shortId } from './topology.ts';
import type { HopsHere } from './trace-marks.ts';

/** What a screen reader says of a thing, and what the pointer shows: what is written on it (who speaks to the page says that), then kind and how it is. */
export function describe(text: Text, drawn: Drawn, hops?: HopsHere): string {
  return withMore(text, drawn, written(text, drawn), hops);
}

/** The same of a node of the graph, on which less is written. */
export function describeNode(text: Text, drawn: Drawn, hops?: HopsHere): string {
  return withMore(text, drawn, linesOfDrawn(drawn, text).join(' '), hops);
}

function withMore(text: Text, drawn: Drawn, first: string, hops?: HopsHere): string {
  const end = hops?.isDropped ? [text('topology.dropped')] : [];
  return [hops ? `${first} ${hopsText(hops)}` : first, ...more(text, drawn), ...end].join(', ');
}

/** Which steps of a packet's way are at a thing; the last of all with a mark of its own, where it was dropped. */
export function hopsText({ numbers, isDropped }: HopsHere): string {
  const told = numbers.length > 3 ? `${numbers[0]}–${numbers.at(-1)}` : numbers.join(',');
  return isDropped ? `${told} ${marks.error}` : told;
}

function written(text: Text, drawn: Drawn): string {
  return drawn.kind === 'network' ? barLabel(text, drawn.item).join(' ') : linesOfDrawn(drawn, text).join(' ');
}

function more(text: Text, drawn: Drawn): string[] {
  const health = text(`topology.${healthOfDrawn(drawn)}`);
  if (drawn.kind === 'network') return [text(drawn.item.isExternal ? 'topology.external' : 'topology.network'), health];
  if (drawn.kind === 'device') {
    const { kind, links, floating } = drawn.device;
    return [text(`topology.${kind}`), health, ...links.flatMap(({ addresses }) => addresses), ...floating];
  }
  const { counts } = drawn.group;
  return (['up', 'error', 'down', 'building', 'off'] as const)
    .filter((one) => counts[one])
    .map((one) => `${counts[one]} ${text(`topology.${one}`)}`);
}

/** What is written on a bar: name, CIDRs, MTU, and what serves it. */
export function barLabel(text: Text, { network, subnets, services }: NetworkItem): string[] {
  const serving = (['dhcp', 'metadata', 'load'] as const).filter((one) => services[one].length > 0);
  return [
    network.name || shortId(network.id),
    ...subnets.map(({ cidr }) => cidr),
    ...(network.mtu ? [`MTU ${network.mtu}`] : []),
    ...serving.map((one) => `[${text(`topology.${one}`)}]`),
  ];
}
