import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, openClientStand } from './client-stand.ts';
import { runTrace } from './trace.ts';

let api: ClientStand['api'];
let run: ClientStand['run'];
beforeEach(async () => {
  ({ api, run } = await openClientStand());
});
afterEach(() => api.close());

describe('neutrino trace', () => {
  const dropped = {
    ...{ port_id: 'p1', from: '10.0.0.5', to: '10.1.0.7', protocol: 'tcp', port: 22, verdict: 'dropped' },
    summary: 'no rule lets it pass',
    hops: [
      { hop: 'tap', state: 'passes', text: 'port p1 on h1, ACTIVE' },
      { hop: 'egress', state: 'passes', text: 'goes out of port p1', cause: 'rule r1 of group g1' },
      { hop: 'router', state: 'unknown', text: 'its agent does not report', remedy: 'start it' },
      { hop: 'ingress', state: 'drops', text: 'no rule\u001b[31m', cause: 'group g2', remedy: 'make one' },
    ],
  };

  test('prints hop by hop what decides, and what to do', async () => {
    api.rows.ports?.push({ id: 'p1', name: 'web', trace: dropped });
    expect(await run(runTrace, ['--from', 'web', '--to', '10.1.0.7', '--tcp', '22'])).toEqual({
      code: 1,
      err: '',
      out: [
        'Port p1, 10.0.0.5 to 10.1.0.7, tcp 22: dropped',
        'no rule lets it pass',
        '',
        '  ok    tap      port p1 on h1, ACTIVE',
        '  ok    egress   goes out of port p1, by rule r1 of group g1',
        '  ?     router   its agent does not report',
        '                 to do: start it',
        '  DROP  ingress  no rule [31m',
        '                 because of: group g2',
        '                 to do: make one',
        '',
      ].join('\n'),
    });
    const json = await run(runTrace, ['--from', 'p1', '--to', '10.1.0.7', '-f', 'json']);
    expect(JSON.parse(json.out)).toEqual(dropped);
    expect(api.asked.filter(({ path }) => path.endsWith('/trace')).map(({ query }) => query)).toEqual([
      [
        ['to', '10.1.0.7'],
        ['tcp', '22'],
      ],
      [['to', '10.1.0.7']],
    ]);
  });

  test.each([
    ['arrives', 'arrives', 0],
    ['arrives', 'dropped', 1],
    ['dropped', undefined, 1],
    ['leaves', undefined, 3],
    ['unknown', undefined, 4],
  ])('%s, its answer %s: exit code %i', async (verdict, back, code) => {
    const answer = back && { verdict: back, summary: 's', hops: [{ hop: 'tap', state: 'passes', text: 'back' }] };
    api.rows.ports?.push({ id: 'p1', trace: { ...dropped, verdict, ...(answer ? { answer } : {}) } });
    const { out, code: given } = await run(runTrace, ['--from', 'p1', '--to', '10.1.0.7']);
    expect(given).toBe(code);
    expect(out.includes('The answer: ')).toBe(back !== undefined);
  });

  test.each([
    [['--to', '10.0.0.1'], '--from'],
    [['--from', 'p1'], '--to'],
    [['--from', 'p1', '--to', '10.0.0.1', '--tcp', '70000'], 'a port is 1 to 65535'],
    [['--from', 'p1', '--to', '10.0.0.1', '--tcp', '1', '--udp', '1'], 'cannot be used with'],
  ])('%j is a wrong command line', async (argv, why) => {
    const { code, err } = await run(runTrace, argv);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });
});
