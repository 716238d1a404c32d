import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, openClientStand } from './client-stand.ts';
import { runExplain } from './explain.ts';

let api: ClientStand['api'];
let run: ClientStand['run'];
beforeEach(async () => {
  ({ api, run } = await openClientStand());
});
afterEach(() => api.close());

describe('neutrino explain', () => {
  const explanation = {
    port_id: 'p1',
    verdict: 'broken',
    summary: 'The tap is missing.',
    steps: [
      { step: 'bound', state: 'ok', expected: 'x', found: 'bound to h1' },
      { step: 'rule', state: 'ok', expected: '-j RETURN', found: 'in force', cause: 'rule r1', check: 'iptables -S c' },
      { step: 'leg', state: 'ok', expected: 'x', found: 'eth0.7', check: 'ip -d link show eth0.7' },
      { step: 'tap', state: 'fault', expected: 'tapp1 on h1', found: 'no device\u001b[31m', remedy: 'start the guest' },
      { step: 'set', state: 'fault', expected: '2 addresses', found: '1', cause: 'group g1', check: 'ipset list s' },
    ],
  };

  test('prints the steps; expectation and remedy where something is wrong', async () => {
    api.rows.ports?.push({ id: 'p1', name: 'web', explanation });
    expect(await run(runExplain, ['port', 'web'])).toEqual({
      code: 1,
      err: '',
      out: [
        'Port p1: broken',
        'The tap is missing.',
        '',
        '  ok     bound  bound to h1',
        '  ok     rule   -j RETURN, for rule r1 (iptables -S c)',
        '  ok     leg    eth0.7 (ip -d link show eth0.7)',
        '  FAULT  tap    no device [31m',
        '                expected: tapp1 on h1',
        '                to do: start the guest',
        '  FAULT  set    1',
        '                expected: 2 addresses',
        '                because of: group g1',
        '                seen by: ipset list s',
        '',
      ].join('\n'),
    });
    expect(JSON.parse((await run(runExplain, ['port', 'p1', '-f', 'json'])).out)).toEqual(explanation);
  });

  test.each([
    ['router', 'routers', 'edge', { name: 'edge' }, 'Router x1: works'],
    ['floatingip', 'floatingips', '203.0.113.7', { floating_ip_address: '203.0.113.7' }, 'Floating IP x1: works'],
  ])('explains a %s', async (what, collection, word, row, title) => {
    const steps = [{ step: 'agent', state: 'ok', expected: 'a live agent', found: 'served from h1' }];
    const whole = { [`${what}_id`]: 'x1', verdict: 'works', summary: 'all well', steps };
    api.rows[collection] = [{ id: 'x1', ...row, explanation: whole }];
    const { code, out } = await run(runExplain, [what, word]);
    expect({ code, out }).toEqual({ code: 0, out: `${title}\nall well\n\n  ok     agent  served from h1\n` });
  });

  test.each([
    ['works', 0],
    ['broken', 1],
    ['waits', 3],
    ['unknown', 4],
  ])('%s: exit code %i', async (verdict, code) => {
    api.rows.ports?.push({ id: 'p1', explanation: { ...explanation, verdict } });
    expect((await run(runExplain, ['port', 'p1'])).code).toBe(code);
  });

  test('refuses what it cannot explain', async () => {
    expect(await run(runExplain, ['subnet', 'x'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('only ports, networks, routers and floating IPs'),
    });
    expect((await run(runExplain, ['port'])).code).toBe(2);
    expect((await run(runExplain, ['port', 'none'])).err).toBe("Unable to find port with name or id 'none'\n");
  });
});
