import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClientStand, openClientStand } from '../../../cli/client-stand.ts';
import type { ApiResource } from '../api/description.ts';
import { curlLine, type Done, neutronLine } from './command-line.ts';

const resource = (collection: string, member: string, path = `/v2.0/${collection}`): ApiResource => ({
  key: collection,
  collection,
  member,
  path,
  idName: 'id',
  parent: null,
  shown: {},
  sortable: [],
  filterable: [],
  isPaged: true,
  create: {},
  update: {},
  canDelete: true,
  hasTags: true,
});
const networks = resource('networks', 'network');
const subnets = resource('subnets', 'subnet');
const ports = resource('ports', 'port');
const lan = '11111111-1111-4111-8111-111111111111';

const made = (of: ApiResource, body: Record<string, unknown>): Done => ({
  resource: of,
  verb: 'create',
  id: null,
  parentId: null,
  body,
});

/** What a shell makes of a line of ours: single quotes and bare words. */
function words(line: string): string[] {
  return [...line.matchAll(/((?:'[^']*'|\\'|[^\s'])+)/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\(')/g, (_, inner?: string, quote?: string) => inner ?? quote ?? ''),
  );
}

describe('the neutron command of what a form did', () => {
  let stand: ClientStand;
  beforeEach(async () => {
    stand = await openClientStand();
  });
  afterEach(() => stand.api.close());

  it.each([
    [networks, { name: "it's a lan", mtu: 1400, shared: true, admin_state_up: false }],
    [networks, { name: '$(reboot) "x"', 'provider:network_type': 'flat', 'provider:physical_network': 'public' }],
    [
      subnets,
      {
        network_id: lan,
        cidr: '10.9.0.0/24',
        ip_version: 4,
        gateway_ip: null,
        dns_nameservers: ['192.0.2.1', '192.0.2.2'],
        allocation_pools: [{ start: '10.9.0.9', end: '10.9.0.20' }],
        enable_dhcp: false,
      },
    ],
    [
      ports,
      { network_id: lan, name: 'p', fixed_ips: [{ ip_address: '10.0.0.9' }], 'binding:profile': { a: { b: 1 } } },
    ],
  ])('says the same as the form: %#', async (of, body) => {
    const [program, ...args] = words(neutronLine(made(of, body))!);
    expect(program).toBe('neutron');
    await stand.neutron(...args);
    expect(stand.sent()).toEqual({ [of.member]: body });
  });

  it('names the one that was changed', async () => {
    const done: Done = {
      resource: networks,
      verb: 'update',
      id: lan,
      parentId: null,
      body: { name: 'new', shared: true },
    };
    await stand.neutron(...words(neutronLine(done)!).slice(1));
    expect(stand.sent()).toEqual({ network: { name: 'new', shared: true } });
    expect(neutronLine({ ...done, verb: 'delete', body: {} })).toBe(`neutron net-delete ${lan}`);
  });

  it('tags as the form did, and takes the last one away', async () => {
    const tag = (tags: string[]): Done => ({
      resource: networks,
      verb: 'tags',
      id: lan,
      parentId: null,
      body: { tags },
    });
    await stand.neutron(...words(neutronLine(tag(['a b', '--all']))!).slice(1));
    expect(stand.sent()).toEqual({ tags: ['a b', '--all'] });
    expect(neutronLine(tag([]))).toBe(`neutron tag-remove --resource-type=network --resource=${lan} --all`);
  });

  it('is not there where the client cannot say it', () => {
    expect(neutronLine(made(networks, { name: '--shared' }))).toBeNull();
    expect(neutronLine(made(ports, { network_id: lan, mac_address: null }))).toBeNull();
  });
});

describe('the curl line', () => {
  it('is one line that a shell reads back as it was meant', () => {
    const line = curlLine(made(networks, { name: "it's `x`\n" }), 'http://api:9696', false);
    expect(line).not.toContain('\n');
    const read = words(line);
    expect(read.slice(0, 4)).toEqual(['curl', '-sS', '-X', 'POST']);
    expect(JSON.parse(read[read.indexOf('-d') + 1]!)).toEqual({ network: { name: "it's `x`\n" } });
    expect(read.at(-1)).toBe('http://api:9696/v2.0/networks');
  });

  it('has tags without an envelope, below what they are on', () => {
    const done: Done = { resource: networks, verb: 'tags', id: 'n', parentId: null, body: { tags: ['a'] } };
    const line = `curl -sS -X PUT -H 'Content-Type: application/json' -d '{"tags":["a"]}' http://api/v2.0/networks/n/tags`;
    expect(curlLine(done, 'http://api', false)).toBe(line);
  });

  it('names the token, and never shows it', () => {
    expect(curlLine(made(networks, {}), 'http://api', true)).toContain('"X-Auth-Token: $OS_TOKEN"');
  });

  it('has no body for a delete', () => {
    const done: Done = { resource: networks, verb: 'delete', id: 'a b', parentId: null, body: {} };
    expect(curlLine(done, 'http://api', false)).toBe('curl -sS -X DELETE http://api/v2.0/networks/a%20b');
  });
});
