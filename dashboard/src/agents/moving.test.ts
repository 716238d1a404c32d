import { describe, expect, it } from 'vitest';
import { ApiError } from '../api/client.ts';
import { type Movable, moved, type Step } from './moving.ts';

const network: Movable = { kind: 'networks', id: 'n', isShared: true };
const router: Movable = { kind: 'routers', id: 'r', isShared: false };
const haRouter: Movable = { ...router, isShared: true };
const hosted = (type: string) => new ApiError(409, type, 'is hosted', '', null);

/** Moves from `a` to `b` at a server that refuses what is named; `+b`: gives it to b, `-a`: takes it from a. */
async function move(what: Movable, refusals: Readonly<Record<string, ApiError>> = {}) {
  const taken: string[] = [];
  const take = async ({ method, path }: Step) => {
    const step = `${method === 'POST' ? '+' : '-'}${path.split('/')[3]}`;
    taken.push(step);
    if (refusals[step]) throw refusals[step];
  };
  const { error, left } = await moved(what, { from: 'a', to: 'b' }, take);
  return { taken: taken.join(' '), error: error && (error as ApiError).type, left };
}

describe('moving between agents', () => {
  const no = new ApiError(404, 'Invalid', 'no', '', null);

  it.each([
    ['a network is served all the time', network, {}, '+b -a', null, null],
    ['so is an HA router', haRouter, {}, '+b -a', null, null],
    ['other routers have one agent at a time', router, {}, '-a +b', null, null],
    ['a network that the other agent may not have stays', network, { '+b': no }, '+b', 'Invalid', null],
    ['one that it has already ends here', network, { '+b': hosted('NetworkHostedByDHCPAgent') }, '+b -a', null, null],
    ['one that cannot be taken away has both', network, { '-a': no }, '+b -a', 'Invalid', 'both'],
    ['a router that cannot be taken away stays', router, { '-a': no }, '-a', 'Invalid', null],
    ['a router that is refused comes back', router, { '+b': no }, '-a +b +a', 'Invalid', 'restored'],
    ['a router that nobody takes is lost', router, { '+b': no, '+a': no }, '-a +b +a', 'Invalid', 'lost'],
    [
      'a router that a third one took is not',
      router,
      { '+b': hosted('RouterHostedByL3Agent'), '+a': hosted('RouterHostedByL3Agent') },
      '-a +b +a',
      'RouterHostedByL3Agent',
      null,
    ],
  ] as const)('%s', async (_, what, refusals, taken, error, left) => {
    expect(await move(what, refusals)).toEqual({ taken, error, left });
  });

  it('puts ids into paths as they are', async () => {
    const steps: Step[] = [];
    await moved({ ...network, id: 'a/b?c' }, { from: 'x/y', to: '#z' }, async (step) => steps.push(step));
    expect(steps).toEqual([
      { method: 'POST', path: '/v2.0/agents/%23z/dhcp-networks', body: { network_id: 'a/b?c' } },
      { method: 'DELETE', path: '/v2.0/agents/x%2Fy/dhcp-networks/a%2Fb%3Fc' },
    ]);
  });
});
