import { beforeAll, describe, expect, it } from 'vitest';
import { servedDocument } from '../../../test/support/served-document.ts';
import { type ApiDocument, type ApiResource, collectionPath, resourcesOf } from './description.ts';

let resources: ApiResource[];
const named = (key: string) => resources.find((one) => one.key === key)!;

beforeAll(async () => {
  resources = resourcesOf((await servedDocument()) as ApiDocument);
});

describe('resources of the description a real server gives', () => {
  it('has each collection once, with its member', () => {
    const keys = resources.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(resources.filter(({ collection, member }) => collection === '' || member === '')).toEqual([]);
    expect(['networks', 'policies', 'rbac_policies', 'floatingips'].map((key) => named(key).member)).toEqual([
      'network',
      'policy',
      'rbac_policy',
      'floatingip',
    ]);
  });

  it('says what lists can do', () => {
    expect(named('ports')).toMatchObject({ isPaged: true, hasTags: true, canDelete: true, idName: 'id', parent: null });
    expect(named('ports').sortable).toContain('mac_address');
    expect(named('ports').filterable).toContain('network_id');
    expect(named('ports').filterable).not.toContain('limit');
    expect(named('ports').shown.properties).toHaveProperty('binding:vif_type');
  });

  it('says what can be made and changed', () => {
    expect(named('subnets').create?.required).toEqual(['ip_version', 'network_id']);
    expect(named('subnets').update?.properties).not.toHaveProperty('cidr');
    expect(named('security_group_rules')).toMatchObject({ update: null, canDelete: true });
    expect(named('agents')).toMatchObject({ create: null, canDelete: true });
    expect(named('availability_zones')).toMatchObject({ create: null, update: null, canDelete: false, idName: null });
  });

  it('knows what is below of what', () => {
    const forwardings = named('floatingips/port_forwardings');
    expect(forwardings.parent).toEqual({ key: 'floatingips', parameter: 'floatingip_id' });
    expect(collectionPath(forwardings, 'a/b')).toBe('/v2.0/floatingips/a%2Fb/port_forwardings');
    expect(named('ports/bindings').idName).toBe('host');
  });
});
