import type { Text } from '../messages/text.tsx';
import { marks } from './cloud.ts';
import type { Places } from './graph-arrange.ts';
import type { GraphEdge, GraphNode } from './graph-elements.ts';
import { healthOfDrawn, linesOfDrawn } from './lines.ts';
import { fitting, type Palette } from './palette.ts';
import type { Picture } from './picture.ts';

/** The graph as one SVG: its view is made of HTML, which no picture can hold. */
export function graphPicture(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  places: Places,
  palette: Palette,
  text: Text,
): Picture {
  const svg = element('svg', {});
  const at = (id: string) => places.get(id) ?? { x: 0, y: 0 };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  for (const { source, target, link } of edges) {
    const [from, to] = [byId.get(source)!, byId.get(target)!];
    const health = link?.health ?? 'up';
    const ends = {
      x1: at(source).x + from.width,
      y1: at(source).y + from.height / 2,
      x2: at(target).x,
      y2: at(target).y + to.height / 2,
    };
    svg.append(element('line', { ...ends, stroke: health === 'up' ? palette.edge : palette.health[health] }));
  }
  for (const { id, drawn, width, height } of nodes) {
    const { x, y } = at(id);
    const [first, second] = linesOfDrawn(drawn, text);
    const health = healthOfDrawn(drawn);
    const fill = drawn.kind === 'network' ? palette.network(drawn.item.hue) : palette.box;
    const rx = drawn.kind === 'device' && drawn.device.kind === 'router' ? 22 : 6;
    svg.append(
      element('rect', { x, y, width, height, rx, fill, stroke: palette.edge }),
      element('text', { x: x + 10, y: y + 20, 'font-size': 13, fill: palette.health[health] }, marks[health]),
      element('text', { x: x + 28, y: y + 20, 'font-size': 12, fill: palette.ink }, fitting(first, 13)),
      element('text', { x: x + 28, y: y + 36, 'font-size': 11, fill: palette.faint }, fitting(second, 15)),
    );
  }
  const right = nodes.map(({ id, width }) => at(id).x + width);
  const bottom = nodes.map(({ id, height }) => at(id).y + height);
  return {
    svg: svg as SVGSVGElement,
    width: Math.max(0, ...right),
    height: Math.max(0, ...bottom),
    background: palette.paper,
  };
}

function element(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}
