import { beforeAll, describe, expect, it } from 'vitest';
import { servedDocument } from '../../../test/support/served-document.ts';
import { type ApiDocument, type ApiResource, resourcesOf } from './description.ts';
import { mayDo, type Permitted, permittedOf, without } from './permissions.ts';

let resources: ApiResource[];
beforeAll(async () => {
  resources = resourcesOf((await servedDocument()) as ApiDocument);
});

const everything: Permitted = {
  ...{ list: true, hidden: [], create: true, update: true, delete: true, judged: false },
  ...{ not_in_create: [], not_in_update: [], actions: {} },
};
const permitted = (key: string, but: Partial<Permitted>) =>
  permittedOf(resources, { resources: { [key]: { ...everything, ...but } } }).find((one) => one.key === key);
const names = (schema: { properties?: object } | null | undefined) => Object.keys(schema?.properties ?? {});

describe('the description of what a caller may do', () => {
  it('has no list that shows nothing, and all of what nothing is told of', () => {
    expect(permitted('agents', { list: false })).toBeUndefined();
    expect(permittedOf(resources, { resources: {} })).toEqual(resources);
  });

  it('has no verb that is refused, but the ones that depend on the object', () => {
    const none = { create: false, update: false, delete: false };
    expect(permitted('networks', none)).toMatchObject({ create: null, update: null, canDelete: false });
    const judged = permitted('networks', { ...none, judged: true })!;
    expect(judged.create).toBeNull();
    expect(judged.update).not.toBeNull();
    expect(judged.canDelete).toBe(true);
  });

  it('has no attribute that may not be given, seen, sorted or filtered by', () => {
    const networks = permitted('networks', { not_in_create: ['shared'], hidden: ['provider:network_type'] })!;
    expect(names(networks.create)).not.toContain('shared');
    expect(names(networks.create)).toContain('mtu');
    for (const of of [names(networks.shown), networks.sortable, networks.filterable])
      expect(of).not.toContain('provider:network_type');
  });

  it('has no member of a value that may not be given', () => {
    const routers = permitted('routers', { not_in_create: ['external_gateway_info:enable_snat'] })!;
    const gateway = routers.create!.properties!.external_gateway_info;
    expect(names(gateway)).not.toContain('enable_snat');
    expect(names(gateway)).toContain('network_id');
    const ports = permitted('ports', { not_in_create: ['fixed_ips:ip_address'] })!;
    expect(names(ports.create!.properties!.fixed_ips!.items)).toEqual(['subnet_id']);
  });
});

it('a name with a colon is no member of another', () => {
  const schema = { properties: { router: {}, 'router:external': {} } };
  expect(names(without(schema, ['router:external']))).toEqual(['router']);
});

it('an action is permitted unless the server says otherwise', () => {
  expect(mayDo(permitted('routers', { actions: { add_router_interface: false } }), 'add_router_interface')).toBe(false);
  expect(mayDo(permitted('routers', {}), 'add_router_interface')).toBe(true);
  expect(mayDo(undefined, 'add_router_interface')).toBe(false);
});
