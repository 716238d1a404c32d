import { describe, expect, it } from 'vitest';
import { required, unset } from './contract.ts';
import { extensionFacts } from './extensions.ts';
import { resources } from './registry.ts';

const every = resources.flatMap(({ collection, attributes }) =>
  Object.entries(attributes).map(([name, attribute]) => ({ name: `${collection} ${name}`, ...attribute })),
);

describe('attribute tables', () => {
  it.each(every)('$name makes sense', (attribute) => {
    if (attribute.default === required) expect(attribute.ops).toContain('C');
    if (attribute.sort) expect(attribute.ops).toContain('R');
    if (attribute.create) expect(attribute.ops).toContain('C');
    if (attribute.update) expect(attribute.ops).toContain('U');
    // A default is stored as it is: it must be a value a client could have given.
    if (attribute.ops.includes('C') && attribute.default !== required && attribute.default !== unset) {
      expect(attribute.type.validate?.(attribute.default) ?? null).toBeNull();
    }
  });

  it('has an id first and one row per name', () => {
    for (const { collection, attributes } of resources) {
      // Zones are made from agents and have no ids.
      expect(Object.keys(attributes)[0]).toBe(collection === 'availability_zones' ? 'name' : 'id');
    }
    expect(new Set(resources.map(({ collection }) => collection)).size).toBe(resources.length);
  });

  it('keeps the owner under both names alike', () => {
    for (const { attributes } of resources) expect(attributes.tenant_id).toEqual(attributes.project_id);
  });
});

describe('extensionFacts', () => {
  it('knows the names and dates clients know', () => {
    expect(extensionFacts('binding')).toMatchObject({ name: 'Port Binding', updated: '2014-02-03T10:00:00-00:00' });
  });

  it.each(['of-an-outside-driver', '__proto__', 'constructor'])('lists %s under its own name', (alias) => {
    expect(extensionFacts(alias).name).toBe(alias);
  });

  it('has an entry for the alias of every attribute served so far', () => {
    const later = new Set([
      'dns-integration',
      'vlan-transparent',
      'qinq',
      'qos',
      'network_ha',
      'pvlan',
      'qos-port-network-policy',
      'data-plane-status',
      'uplink-status-propagation-updatable',
      'port-hints',
      'port-hardware-offload-type',
      'port-trusted-vif',
      'subnet-external-network',
      'subnet-dns-publish-fixed-ip',
    ]);
    const aliases = new Set(every.flatMap(({ extension }) => extension ?? []));
    for (const alias of aliases) if (!later.has(alias)) expect(extensionFacts(alias).description, alias).not.toBe('');
  });
});
