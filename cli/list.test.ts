import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, net, openClientStand } from './client-stand.ts';

let api: ClientStand['api'];
let neutron: ClientStand['neutron'];
beforeEach(async () => {
  ({ api, neutron } = await openClientStand());
});
afterEach(() => api.close());

describe('list', () => {
  test('looks like the old client: columns, owner behind the name, subnets with their CIDR', async () => {
    const { code, out } = await neutron('net-list', '--name', 'lan');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        '+--------------------------------------+------+-----------+----------------+',
        '| id                                   | name | tenant_id | subnets        |',
        '+--------------------------------------+------+-----------+----------------+',
        '| 11111111-1111-4111-8111-111111111111 | lan  | t1        | s1 10.0.0.0/24 |',
        '|                                      |      |           | s2 fd00::/64   |',
        '+--------------------------------------+------+-----------+----------------+',
        '',
      ].join('\n'),
    );
  });

  test('agents: their life as a face, nothing for no zone', async () => {
    const { out } = await neutron('agent-list', '-f', 'csv', '--quote', 'minimal');
    expect(out.split('\n')).toEqual([
      'id,agent_type,host,availability_zone,alive,admin_state_up,binary',
      'a1,DHCP agent,h1,nova,:-),True,neutron-dhcp-agent',
      'a2,Linux bridge agent,h1,,xxx,True,neutron-linuxbridge-agent',
      '',
    ]);
  });

  test('subnets: pools as JSON', async () => {
    const { out } = await neutron('subnet-list', '--name', 'four');
    expect(out).toContain('| id | name | tenant_id | cidr        | allocation_pools                           |');
    expect(out).toContain('{"start": "10.0.0.2", "end": "10.0.0.254"}');
  });

  test('nothing to list is an empty line, or an empty list', async () => {
    expect((await neutron('port-list')).out).toBe('\n');
    expect(JSON.parse((await neutron('port-list', '-f', 'json')).out)).toEqual([]);
  });

  test('filters, several values, sorting and fields reach the server', async () => {
    await neutron(
      'port-list',
      '--device_id',
      'x',
      '--status',
      'UP',
      'DOWN',
      '--sort-key',
      'name',
      '--sort-key',
      'id',
      '--sort-dir',
      'desc',
      '-F',
      'id',
    );
    expect(api.asked[0]?.query).toEqual([
      ['device_id', 'x'],
      ['status', 'UP'],
      ['status', 'DOWN'],
      ['fields', 'id'],
      ['sort_key', 'name'],
      ['sort_dir', 'desc'],
      ['sort_key', 'id'],
      ['sort_dir', 'asc'],
    ]);
  });

  test('pages are fetched one after the other, also when links name another host', async () => {
    const { out } = await neutron('net-list', '-P', '1', '-f', 'value', '-c', 'name');
    expect(out).toBe('lan\ntwin\ntwin\n');
    expect(api.asked.filter(({ path }) => path === '/v2.0/networks')).toHaveLength(3);
  });

  test.each([
    [['-f', 'json', '-c', 'name', '-c', 'id', '--noindent'], `[{"name":"lan","id":"${net.id}"}]\n`],
    [['-f', 'yaml', '-c', 'name'], '- name: lan\n'],
    [['-f', 'value', '-c', 'name', '-c', 'subnets'], 'lan s1 10.0.0.0/24 s2 fd00::/64\n'],
    [['-f', 'csv', '-c', 'name', '-c', 'mtu', '-c', 'shared'], '"name","mtu","shared"\n"lan",1500,False\n'],
    [['-F', 'name', '-f', 'value'], 'lan\n'],
  ])('%j', async (options, expected) => {
    expect((await neutron('net-list', '--name', 'lan', ...options)).out).toBe(expected);
  });

  test('an unknown column is refused', async () => {
    expect(await neutron('net-list', '-c', 'nothing')).toMatchObject({
      code: 1,
      err: expect.stringContaining('No recognized column'),
    });
  });

  test('extensions', async () => {
    expect((await neutron('ext-list', '-f', 'value')).out).toBe('agent agent\n');
    expect((await neutron('ext-show', 'agent', '-f', 'value', '-c', 'name')).out).toBe('agent\n');
  });

  test('a refusal of the web framework is told without its tags', async () => {
    api.raw['/v2.0/extensions/mtu'] = {
      status: 404,
      answer: {
        message: 'The resource could not be found.<br /><br />\nExtension with alias mtu does not exist\n\n',
        code: '404 Not Found',
        title: 'Not Found',
      },
    };
    const { code, out, err } = await neutron('ext-show', 'mtu');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.split('\n')[0]).toBe('The resource could not be found. Extension with alias mtu does not exist');
  });
});
