import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ClientStand, net, openClientStand } from './client-stand.ts';

let api: ClientStand['api'];
let neutron: ClientStand['neutron'];
let sent: ClientStand['sent'];
beforeEach(async () => {
  ({ api, neutron, sent } = await openClientStand());
  api.rows.floatingips = [{ id: 'f1', floating_ip_address: '172.24.4.12', fixed_ip_address: null, port_id: null }];
  api.rows.ports = [{ id: 'p1', name: 'web' }];
});
afterEach(() => api.close());

const asked = () => api.asked.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);

describe('a floating IP', () => {
  test.each(['f1', '172.24.4.12'])('%s is led to a port and nowhere again', async (name) => {
    expect((await neutron('floatingip-associate', name, 'web', '--fixed-ip-address', '10.0.0.9')).out).toBe(
      `Associated floating IP ${name}\n`,
    );
    expect(asked()).toEqual(['PUT /v2.0/floatingips/f1']);
    expect(sent()).toEqual({ floatingip: { port_id: 'p1', fixed_ip_address: '10.0.0.9' } });
    expect((await neutron('floatingip-disassociate', name)).out).toBe(`Disassociated floating IP ${name}\n`);
    expect(sent()).toEqual({ floatingip: { port_id: null } });
  });

  test('is shown and deleted by its address; one that is not there is said so', async () => {
    expect((await neutron('floatingip-show', '172.24.4.12', '-f', 'value', '-c', 'id')).out).toBe('f1\n');
    expect((await neutron('floatingip-show', '172.24.4.99')).err).toBe(
      "Unable to find floatingip with address or id '172.24.4.99'\n",
    );
    expect((await neutron('floatingip-delete', '172.24.4.12')).out).toBe('Deleted floatingip(s): 172.24.4.12\n');
  });
});

test('floatingip-create takes the network as its operand, and names for ids', async () => {
  await neutron('floatingip-create', 'lan', '--port-id', 'web', '--fixed-ip-address', '10.0.0.9', '--subnet', 'four');
  expect(sent()).toEqual({
    floatingip: { floating_network_id: net.id, port_id: 'p1', fixed_ip_address: '10.0.0.9', subnet_id: 's1' },
  });
});

test('floatingip-list has the columns of the old client', async () => {
  expect((await neutron('floatingip-list', '-f', 'csv')).out.split('\n')[0]).toBe(
    '"id","fixed_ip_address","floating_ip_address","port_id"',
  );
});

test.each(['create', 'list', 'show', 'delete', 'associate', 'disassociate'])(
  'floatingip-%s explains itself',
  async (verb) => {
    const { code, out } = await neutron(`floatingip-${verb}`, '--help');
    expect(code).toBe(0);
    expect(out).toContain(`Usage: neutron floatingip-${verb} `);
    if (verb === 'create') expect(out).toContain('  FLOATING_NETWORK  id or name of the network');
    expect(api.asked).toEqual([]);
  },
);
