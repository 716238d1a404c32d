import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, openClientStand } from './client-stand.ts';

let api: ClientStand['api'];
let neutron: ClientStand['neutron'];
let sent: ClientStand['sent'];
beforeEach(async () => {
  ({ api, neutron, sent } = await openClientStand());
});
afterEach(() => api.close());

describe('update', () => {
  test.each([
    [['net-update', 'lan', '--name', 'new'], { network: { name: 'new' } }],
    [
      ['net-update', 'lan', '--shared', 'False', '--router:external'],
      { network: { shared: false, 'router:external': true } },
    ],
    [['subnet-update', 'four', '--no-gateway'], { subnet: { gateway_ip: null } }],
    [['subnet-update', 'four', '--host_routes', 'action=clear'], { subnet: { host_routes: null } }],
    [['subnet-update', 'four', '--dns-nameserver', '9.9.9.9'], { subnet: { dns_nameservers: ['9.9.9.9'] } }],
    [
      ['agent-update', 'a1', '--admin-state-down', '--description', 'x'],
      { agent: { admin_state_up: false, description: 'x' } },
    ],
  ])('%j', async (argv, body) => {
    const { code, out } = await neutron(...argv);
    expect(code).toBe(0);
    expect(out).toBe(`Updated ${Object.keys(body)[0]}: ${argv[1]}\n`);
    expect(sent()).toEqual(body);
  });

  test('without anything to change it asks for something', async () => {
    expect((await neutron('net-update', 'lan')).err).toBe('Must specify new values to update network\n');
  });
});

describe('delete', () => {
  test('several at once; what is missing or ambiguous is said after the rest is done', async () => {
    const { code, out, err } = await neutron('net-delete', 'lan', 'none', 'twin');
    expect({ code, out }).toEqual({ code: 1, out: 'Deleted network(s): lan\n' });
    expect(err).toBe(
      "Unable to find network(s) with id(s) 'none'.\nMultiple network(s) matches found for name(s) 'twin'. Please use an ID to be more specific.\n",
    );
    expect(api.rows.networks?.map(({ name }) => name)).toEqual(['twin', 'twin']);
  });

  test('a refusal is told with the server’s words and request id', async () => {
    api.rows.networks?.push({ id: 'used', name: 'used', in_use: true });
    expect(await neutron('net-delete', 'lan', 'used')).toEqual({
      code: 1,
      out: 'Deleted network(s): lan\n',
      err: "Unable to complete operation on network used.\nOne or more ports are in use.\nNeutron server returns request_ids: ['req-1']\n",
    });
  });

  test('agents are found by id only', async () => {
    expect((await neutron('agent-delete', 'a2')).out).toBe('Deleted agent(s): a2\n');
    expect((await neutron('agent-delete', 'a2')).err).toBe("Unable to find agent(s) with id(s) 'a2'.\n");
    expect(api.asked.every(({ query }) => !query.some(([key]) => key === 'name'))).toBe(true);
  });
});

describe('help and mistakes', () => {
  test.each(['net', 'subnet', 'port'])('%s: every command explains itself', async (word) => {
    for (const verb of ['list', 'show', 'create', 'update', 'delete']) {
      const { code, out } = await neutron(`${word}-${verb}`, '--help');
      expect(code).toBe(0);
      expect(out).toContain(`Usage: neutron ${word}-${verb}`);
    }
    expect(api.asked).toEqual([]);
  });

  test('create tells its operands and the old spellings', async () => {
    const { out } = await neutron('help', 'subnet-create');
    for (const text of ['NETWORK [CIDR]', '--dns-nameserver', '--no-gateway', '--allocation-pool <start=A,end=B>']) {
      expect(out).toContain(text);
    }
  });

  test('nothing at all shows the commands; a wrong one is refused with exit code 2', async () => {
    expect((await neutron()).out).toContain('net-list');
    expect(await neutron('net-lst')).toMatchObject({ code: 2, err: expect.stringContaining('unknown command') });
    expect(await neutron('net-list', '-f', 'xml')).toMatchObject({ code: 2 });
  });
});
