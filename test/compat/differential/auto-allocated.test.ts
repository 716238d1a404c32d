import { describe } from 'vitest';
import type { Step } from './both.ts';
import { get, network, post, put, remove, scenario, subnet } from './scenario.ts';

const topology = (query = '', method = 'GET'): Step => ({
  as: 'made',
  method,
  path: `/v2.0/auto-allocated-topology/<project>${query}`,
});

const external = (attributes: Record<string, unknown> = {}, as = 'ext') =>
  network({ name: as, 'router:external': true, is_default: true, ...attributes }, as);

const pool = (attributes: Record<string, unknown> = {}, as = 'pool'): Step => ({
  as,
  ...post('subnetpool', {
    name: 'p',
    prefixes: ['10.70.0.0/16'],
    default_prefixlen: 26,
    is_default: true,
    ...attributes,
  }),
});

describe('the default external network', () => {
  scenario('is one', (both) =>
    both.steps([
      external(),
      external({}, 'second'),
      external({ is_default: false }, 'second'),
      put('network', '<second>', { is_default: true }),
      put('network', '<ext>', { is_default: true }),
      put('network', '<ext>', { is_default: false }),
      put('network', '<second>', { is_default: true }),
      put('network', '<second>', { 'router:external': false }),
      get('networks/<second>'),
      get('networks/<ext>?fields=is_default'),
    ]),
  );
});

describe('an auto-allocated topology', () => {
  scenario('needs a default external network and a default pool', (both) =>
    both.steps([
      topology('?fields=dry-run'),
      topology(),
      external(),
      topology('?fields=dry-run'),
      topology(),
      topology('?fields=id'),
      get('networks?project_id=<project>&fields=name&name=auto_allocated_network'),
    ]),
  );

  scenario('is made once, and deleted', (both) =>
    both.steps([
      external(),
      subnet({ network_id: '<ext>', cidr: '198.18.222.0/24', enable_dhcp: false }),
      pool(),
      pool({ prefixes: ['2001:db8::/48'], default_prefixlen: 64 }, 'six'),
      topology('?fields=dry-run'),
      topology(),
      topology(),
      get('networks/<made>?fields=name&fields=admin_state_up&fields=shared&fields=project_id'),
      get('subnets?network_id=<made>&name=auto_allocated_subnet_v4&fields=cidr&fields=subnetpool_id&fields=gateway_ip'),
      get('subnets?network_id=<made>&name=auto_allocated_subnet_v6&fields=cidr&fields=subnetpool_id&fields=gateway_ip'),
      remove('subnetpools/<pool>'),
      topology('', 'DELETE'),
      get('networks?project_id=<project>&name=auto_allocated_network'),
    ]),
  );
});
