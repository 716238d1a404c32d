import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runTour } from '../../src/onehost/tour.ts';
import { project } from '../support/programs.ts';

it('the tour comes out as said, and ends with nothing left', async () => {
  let text = '';
  const write = (piece: string) => {
    text += piece;
  };
  expect(await runTour({ programs: join(project, 'bin'), colour: false, write }), text.slice(-3000)).toBe(0);
  for (const chapter of [
    'One command',
    'A tenant creates a network',
    'underneath',
    'Who may talk to whom',
    'Out into the world',
    'The agents',
    'A second host',
    'Two flat networks',
    'A VLAN on a card',
    'And away again',
  ]) {
    expect(text).toMatch(new RegExp(`^== .*${chapter}`, 'm'));
  }
  expect(text).toContain('no program and no daemon of ours runs any more');
});
