import { expect, it } from 'vitest';
import { BAR, BOX, barsLayout } from './bars-layout.ts';
import { gathered } from './grouping.ts';
import { bigCloud, cloudOf, leg, network, port, router } from './testing.ts';
import { topologyOf } from './topology.ts';

const layoutOf = (cloud: Parameters<typeof topologyOf>[0]) => {
  const topology = topologyOf(cloud);
  return barsLayout(topology, gathered(topology, new Set()));
};

it('hangs what there is below its inner network, and leads straight to the bars beside it', () => {
  const networks = [network({ id: 'a' }), network({ id: 'b' }), network({ id: 'outside', 'router:external': true })];
  const ports = [
    leg('r', 'outside', 'network:router_gateway'),
    leg('r', 'a'),
    leg('r', 'b'),
    port({ id: 'g', network_id: 'b' }),
  ];
  const { bars, boxes, lines } = layoutOf(cloudOf({ networks, routers: [router({ id: 'r' })], ports }));
  expect(bars.map(({ item }) => item.network.id)).toEqual(['outside', 'a', 'b']);
  const [, a, b] = bars;
  const at = (id: string) => boxes.find((box) => box.id === id)!;
  expect(at('r').y).toBeGreaterThan(a!.y + BAR);
  expect(at('r').y + BOX.height).toBeLessThan(b!.y);
  expect(at('g').y).toBeGreaterThan(b!.y + BAR);
  const corners = Object.fromEntries(lines.map(({ id, points }) => [id, points.map(({ y }) => y)]));
  expect(corners['r/a']).toEqual([at('r').y, a!.y + BAR]);
  expect(corners['r/b']).toEqual([at('r').y + BOX.height, b!.y]);
  expect(corners['g/b']).toEqual([at('g').y, b!.y + BAR]);
  // By a lane: the bar of `a` is in between.
  expect(corners['r/outside']).toHaveLength(4);
  expect(corners['r/outside']!.at(-1)).toBe(BAR);
});

it('shows a router that hangs on nothing', () => {
  const { boxes, lines, height } = layoutOf(cloudOf({ routers: [router({ id: 'r' })] }));
  expect(boxes.map(({ id }) => id)).toEqual(['r']);
  expect(lines).toEqual([]);
  expect(height).toBeGreaterThan(boxes[0]!.y + BOX.height);
});

it('lets no box lie on another, on a bar, or on a line of another', () => {
  const { bars, boxes, lines, width } = layoutOf(bigCloud());
  const overlaps = boxes.flatMap((a, at) =>
    boxes.slice(at + 1).filter((b) => Math.abs(a.x - b.x) < BOX.width && Math.abs(a.y - b.y) < BOX.height),
  );
  expect(overlaps).toEqual([]);
  expect(boxes.filter((box) => bars.some(({ y }) => box.y < y + BAR && y < box.y + BOX.height))).toEqual([]);
  const behind = lines.flatMap(({ id, box, points }) =>
    points.slice(1).flatMap((to, at) => {
      const from = points[at]!;
      const [x1, x2] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
      const [y1, y2] = [Math.min(from.y, to.y), Math.max(from.y, to.y)];
      return boxes
        .filter(({ x, y }) => x1 < x + BOX.width && x2 > x && y1 < y + BOX.height && y2 > y)
        .map((other) => `${id} behind ${other.id} (${box})`);
    }),
  );
  expect(behind).toEqual([]);
  expect(boxes.every(({ x }) => x + BOX.width <= width)).toBe(true);
  // Twenty routers and fifty networks are still a page broad.
  expect(width).toBeLessThan(2000);
});
