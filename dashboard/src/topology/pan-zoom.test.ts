import { expect, it } from 'vitest';
import { fitted, zoomed } from './pan-zoom.ts';

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
