import { expect, it } from 'vitest';
import { fitted, whole, zoomed } from './pan-zoom.ts';

it('keeps the place under the pointer where it is', () => {
  const before = { x: 10, y: 20, scale: 1 };
  const at = { x: 100, y: 50 };
  const after = zoomed(before, 2, at);
  expect(after.scale).toBe(2);
  expect([after.x + at.x / after.scale, after.y + at.y / after.scale]).toEqual([110, 70]);
});

it('ends before nothing is to be seen', () => {
  expect(zoomed({ x: 0, y: 0, scale: 1 }, 1e9, { x: 0, y: 0 }).scale).toBe(3);
  expect(zoomed({ x: 0, y: 0, scale: 1 }, 1e-9, { x: 0, y: 0 }).scale).toBe(0.1);
});

it('shows all of a small picture, and a readable part of a great one', () => {
  expect(fitted({ width: 400, height: 300 }, { width: 800, height: 600 })).toEqual({ x: -200, y: -48, scale: 1 });
  expect(fitted({ width: 4000, height: 6000 }, { width: 800, height: 600 }).scale).toBe(0.35);
});

it('shows all of a great one when that is asked for, and goes on from there', () => {
  const [picture, room] = [
    { width: 1200, height: 9000 },
    { width: 800, height: 600 },
  ] as const;
  const view = whole(picture, room);
  expect((picture.width - view.x) * view.scale).toBeLessThanOrEqual(room.width);
  expect((picture.height - view.y) * view.scale).toBeLessThanOrEqual(room.height);
  expect(view.x).toBeLessThan(0);
  expect(zoomed(view, 0.8, { x: 0, y: 0 }).scale).toBe(view.scale);
  expect(zoomed(view, 1.25, { x: 0, y: 0 }).scale).toBeCloseTo(view.scale * 1.25);
});
