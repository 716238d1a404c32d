import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, net, openClientStand } from './client-stand.ts';

let api: ClientStand['api'];
let neutron: ClientStand['neutron'];
beforeEach(async () => {
  ({ api, neutron } = await openClientStand());
});
afterEach(() => api.close());

describe('show', () => {
  test('by id or name, fields in order', async () => {
    const { out } = await neutron('net-show', 'lan');
    expect(out.split('\n').slice(0, 5)).toEqual([
      '+-----------+--------------------------------------+',
      '| Field     | Value                                |',
      '+-----------+--------------------------------------+',
      '| id        | 11111111-1111-4111-8111-111111111111 |',
      '| mtu       | 1500                                 |',
    ]);
    expect(out).toContain('| shared    | False                                |');
    expect((await neutron('net-show', net.id)).out).toBe(out);
    expect(api.asked.map(({ path }) => path)).toEqual([
      '/v2.0/networks/lan',
      '/v2.0/networks',
      `/v2.0/networks/${net.id}`,
      `/v2.0/networks/${net.id}`,
      `/v2.0/networks/${net.id}`,
    ]);
  });

  test.each([
    ['shell', 'id="11111111-1111-4111-8111-111111111111"\nname="lan"\n'],
    ['value', '11111111-1111-4111-8111-111111111111\nlan\n'],
    ['yaml', "id: '11111111-1111-4111-8111-111111111111'\nname: lan\n"],
  ])('as %s', async (format, expected) => {
    expect((await neutron('net-show', 'lan', '-c', 'id', '-c', 'name', '-f', format)).out).toBe(expected);
  });

  test('nothing of that name, and two of it', async () => {
    expect(await neutron('net-show', 'none')).toEqual({
      code: 1,
      out: '',
      err: "Unable to find network with name or id 'none'\n",
    });
    const { code, err } = await neutron('net-show', 'twin');
    expect([code, err]).toEqual([
      1,
      "Multiple network matches found for name 'twin', use an ID to be more specific.\n",
    ]);
  });

  test('a name with odd characters is asked for as it is', async () => {
    api.rows.networks?.push({ id: 'odd', name: 'a/b?c&d=e #f', subnets: [] });
    expect((await neutron('net-show', 'a/b?c&d=e #f', '-c', 'id', '-f', 'value')).out).toBe('odd\n');
  });
});
