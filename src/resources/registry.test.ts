import { describe, expect, it } from 'vitest';
import { required, routeKey, unset } from './contract.ts';
import { describeAttribute, describeResource } from './descriptions.ts';
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
    // What is made from something else, or stands in no URL, has none.
    const withoutId = [
      'availability_zones',
      'service_providers',
      'bindings',
      'quotas',
      'network_ip_availabilities',
      'rule_types',
      'floatingip_pools',
    ];
    for (const { collection, attributes } of resources) {
      expect(Object.keys(attributes)[0] === 'id', collection).toBe(!withoutId.includes(collection));
    }
    expect(new Set(resources.map(({ collection }) => collection)).size).toBe(resources.length);
  });

  it('shows the attribute that stands in the URL', () => {
    for (const { collection, attributes, key, parent } of resources) {
      if (key === undefined) continue;
      expect(attributes[key]?.ops, collection).toContain('R');
      if (parent !== undefined) expect(resources.map((resource) => resource.collection)).toContain(parent.collection);
    }
  });

  it('keeps the owner under both names alike', () => {
    for (const { collection, attributes, parent } of resources) {
      // A binding is its port's.
      if (parent === undefined) expect(attributes.tenant_id, collection).toEqual(attributes.project_id);
    }
  });
});

const routes = resources.flatMap(({ collection, routes = [] }) => routes.map((route) => ({ collection, ...route })));

describe('routes', () => {
  it('are there once each', () => {
    expect(new Set(routes.map(routeKey)).size).toBe(routes.length);
  });

  it.each(routes)('$method $path makes sense', ({ collection, path, method, status, body, envelope, extension }) => {
    const [first, ...others] = path.split('/');
    // Policy and answer go by the resource whose table the route stands in.
    const own = resources.find((resource) => resource.collection === collection)!;
    expect([own.parent?.collection ?? collection, own.member]).toContain(first);
    for (const segment of others) expect(segment).toMatch(/^(\{\w+\}|[a-z][\w-]*)$/);
    if (method === 'GET' || method === 'DELETE') expect(body).toBeUndefined();
    if (status === 204) expect(method).not.toBe('POST');
    if (envelope !== null) expect(envelope).toMatch(/^[a-z_]+$/);
    expect(extensionFacts(extension).description, extension).not.toBe('');
  });

  it('reach the tags of exactly the resources that have tags', () => {
    const reached = routes.filter(({ path }) => path.endsWith('/{id}/tags')).map(({ collection }) => collection);
    const tagged = resources.filter(({ attributes }) => 'tags' in attributes).map(({ collection }) => collection);
    expect([...new Set(reached)].sort()).toEqual(tagged.sort());
  });
});

describe('descriptions', () => {
  it.each(resources)('say what $collection are, and each of their attributes', (resource) => {
    expect(describeResource(resource)).not.toBe('');
    for (const name of Object.keys(resource.attributes)) expect(describeAttribute(resource, name), name).not.toBe('');
  });

  it('say nothing of what nobody described', () => {
    expect(describeResource({ collection: 'constructor' })).toBe('');
    expect(describeAttribute({ collection: 'networks' }, '__proto__')).toBe('');
  });
});

describe('extensionFacts', () => {
  it('knows the names and dates clients know', () => {
    expect(extensionFacts('binding')).toMatchObject({ name: 'Port Binding', updated: '2014-02-03T10:00:00-00:00' });
  });

  it.each(['of-an-outside-driver', '__proto__', 'constructor'])('lists %s under its own name', (alias) => {
    expect(extensionFacts(alias).name).toBe(alias);
  });

  it('has an entry for every alias of the tables', () => {
    const aliases = new Set([
      ...resources.flatMap(({ extension }) => extension ?? []),
      ...every.flatMap((a) => [a.extension, a.createExtension, a.updateExtension, a.sortExtension]),
    ]);
    for (const alias of aliases) {
      if (alias === undefined) continue;
      expect(extensionFacts(alias).description, alias).not.toBe('');
      expect(extensionFacts(alias).updated, alias).toMatch(/^20\d\d-\d+-\d+T\d\d:\d\d:\d\d/);
    }
  });
});
