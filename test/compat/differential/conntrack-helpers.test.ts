import { describe } from 'vitest';
import type { Step } from './both.ts';
import { nobody, router } from './routed.ts';
import { createEach, get, oddValues, remove, scenario } from './scenario.ts';

const helper = (attributes: Record<string, unknown> = {}, as = 'cth', of = '<r>'): Step => ({
  as,
  method: 'POST',
  path: `/v2.0/routers/${of}/conntrack_helpers`,
  body: { conntrack_helper: { protocol: 'tcp', port: 21, helper: 'ftp', ...attributes } },
});

const set = (changes: unknown, id = '<cth>', of = '<r>'): Step => ({
  method: 'PUT',
  path: `/v2.0/routers/${of}/conntrack_helpers/${id}`,
  body: { conntrack_helper: changes },
});

const tftp = { protocol: 'udp', port: 69, helper: 'tftp' };

describe('creating conntrack helpers', () => {
  for (const attribute of ['protocol', 'port', 'helper', 'project_id', 'id', 'nonsense']) {
    scenario(`with odd values of ${attribute}`, async (both) => {
      await both.step(router());
      await createEach(
        both,
        oddValues.map((value) => helper({ [attribute]: value })),
      );
    });
  }

  scenario('with values of their own', async (both) => {
    await both.step(router());
    await createEach(both, [
      ...[0, 1, 65_535, 65_536, '21', ' 21', '21.0', 21.5].map((port) => helper({ port })),
      ...['udp', 'TCP', 'sctp', 'dccp', 'icmp', 'ipv6-icmp', '6', 6, 256, 'any'].map((protocol) =>
        helper({ protocol }),
      ),
      ...['FTP', 'ftp ', 'tftp', 'nobody', 'h323', 'netbios-ns', 'a'.repeat(64), 'a'.repeat(65)].map((name) =>
        helper({ helper: name }),
      ),
      ...['tcp', 'udp', 'sctp'].flatMap((protocol) =>
        ['h323', 'sip', 'tftp', 'amanda', 'pptp', 'snmp'].map((name) => helper({ protocol, helper: name })),
      ),
      helper({ protocol: undefined }),
      helper({ port: undefined }),
      helper({ helper: undefined }),
      helper({}, 'cth', nobody),
      helper({}, 'cth', 'x'),
      { as: 'cth', method: 'POST', path: '/v2.0/routers/<r>/conntrack_helpers', body: {} },
      { as: 'cth', method: 'POST', path: '/v2.0/routers/<r>/conntrack_helpers', body: { conntrack_helper: null } },
    ]);
  });

  scenario('beside others', (both) =>
    both.steps([
      router(),
      router({}, 'second'),
      helper(),
      helper({}, 'again'),
      helper({}, 'again', '<second>'),
      helper({ port: 2121 }, 'other'),
      helper(tftp, 'tftp'),
      helper(tftp, 'again'),
      get('routers/<r>?fields=conntrack_helpers&fields=name'),
      get('routers?fields=conntrack_helpers&fields=name&project_id=<project>'),
      get('routers/<r>/conntrack_helpers'),
      get('routers/<second>/conntrack_helpers'),
      get('routers/<second>/conntrack_helpers/<cth>'),
      remove('routers/<second>/conntrack_helpers/<cth>'),
      remove('routers/<r>'),
      get('routers/<r>/conntrack_helpers'),
    ]),
  );

  scenario('many at once', (both) =>
    both.steps([
      router(),
      {
        method: 'POST',
        path: '/v2.0/routers/<r>/conntrack_helpers',
        body: { conntrack_helpers: [{ protocol: 'tcp', port: 21, helper: 'ftp' }, tftp] },
      },
      {
        method: 'POST',
        path: '/v2.0/routers/<r>/conntrack_helpers',
        body: {
          conntrack_helpers: [
            { protocol: 'tcp', port: 22, helper: 'ftp' },
            { ...tftp, helper: 'nobody' },
          ],
        },
      },
      get('routers/<r>/conntrack_helpers'),
    ]),
  );
});

describe('changing conntrack helpers', () => {
  scenario('odd values', async (both) => {
    await both.steps([router(), helper()]);
    for (const attribute of ['protocol', 'port', 'helper', 'project_id'])
      await both.steps(oddValues.map((value) => set({ [attribute]: value })));
    await both.step(get('routers/<r>/conntrack_helpers/<cth>'));
  });

  scenario('to what there is, and is not', (both) =>
    both.steps([
      router(),
      router({}, 'second'),
      helper(),
      helper(tftp, 'tftp'),
      set({ port: 2121 }),
      set({ protocol: 'udp' }),
      set({ helper: 'tftp' }),
      set(tftp),
      set({ port: 70 }, '<tftp>'),
      set(tftp),
      set({}),
      set({ port: 70 }),
      set({ port: 1 }, nobody),
      set({ port: 1 }, '<tftp>', nobody),
      set({ port: 1 }, '<tftp>', '<second>'),
      get('routers/<r>/conntrack_helpers/<cth>'),
      remove('routers/<r>/conntrack_helpers/<cth>'),
      remove('routers/<r>/conntrack_helpers/<cth>'),
      get('routers/<r>/conntrack_helpers/<cth>'),
    ]),
  );
});

describe('conntrack helpers that are there', () => {
  scenario('lists', (both) =>
    both.steps([
      router(),
      helper({}, 'a'),
      helper(tftp, 'b'),
      helper({ protocol: 'udp', port: 5060, helper: 'sip' }, 'c'),
      ...[
        '',
        '?port=21',
        '?port=x',
        '?protocol=udp',
        '?protocol=x',
        '?helper=ftp',
        '?helper=ftp&helper=sip',
        '?id=<b>',
        '?fields=helper',
        '?fields=id&fields=port',
        '?sort_key=port&sort_dir=asc',
        '?sort_key=helper&sort_dir=desc',
        '?sort_key=nonsense&sort_dir=asc',
        '?nonsense=1',
        '?limit=1&sort_key=port&sort_dir=asc',
      ].map((query) => get(`routers/<r>/conntrack_helpers${query}`)),
      get('routers/<r>/conntrack_helpers/<a>?fields=helper'),
      get(`routers/${nobody}/conntrack_helpers`),
      get(`routers/<r>/conntrack_helpers/${nobody}`),
      get('conntrack_helpers'),
    ]),
  );
});
