import { type Attribute, type AttributeTable, type ResourceDefinition, required } from '../resources/contract.ts';

/** A resource as this server has it: its definition, narrowed to the extensions that are loaded, ready for fast look-up. */
export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly member: string;
  readonly collection: string;
  /** Known attributes; `[name, attribute]` in the order of the table. */
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly creatable: readonly CreateRule[];
  readonly updatable: ReadonlySet<string>;
  readonly filterable: ReadonlyMap<string, Attribute>;
  readonly sortable: ReadonlySet<string>;
  /** What the table knows and clients never see: not loaded, or input only. */
  readonly hidden: readonly string[];
  readonly hasProject: boolean;
  /** Its name among the plugin's collections or (below a parent) children. */
  readonly key: string;
}

export interface CreateRule {
  readonly name: string;
  readonly attribute: Attribute;
  readonly accepted: boolean;
  readonly required: boolean;
}

const tagFilters = ['tags-any', 'not-tags', 'not-tags-any'];

/** The resources whose own extension is loaded, by the names they have in URLs: `security_groups` and `security-groups`. */
export function serveResources(
  definitions: readonly ResourceDefinition[],
  extensions: ReadonlySet<string>,
): Map<string, ServedResource> {
  const served = new Map<string, ServedResource>();
  for (const definition of definitions) {
    if (definition.extension !== undefined && !extensions.has(definition.extension)) continue;
    const resource = serve(definition, extensions);
    for (const name of namesOf(definition)) served.set(name, resource);
  }
  return served;
}

/** What a resource is called in URLs; below a parent `ports/bindings`. */
function namesOf({ collection, parent }: ResourceDefinition): string[] {
  const names = [collection, collection.replaceAll('_', '-')];
  if (parent === undefined) return names;
  const parents = [parent.collection, parent.collection.replaceAll('_', '-')];
  return parents.flatMap((above) => names.map((name) => `${above}/${name}`));
}

export function keyOf({ collection, parent }: ResourceDefinition): string {
  return parent === undefined ? collection : `${parent.collection}/${collection}`;
}

/** What a body with these attributes may and must hold. */
export function rulesOf(attributes: AttributeTable, extensions: ReadonlySet<string>): CreateRule[] {
  const loaded = (alias: string | undefined) => alias === undefined || extensions.has(alias);
  return Object.entries(attributes)
    .filter(([, attribute]) => loaded(attribute.extension))
    .map(([name, attribute]) => ({
      name,
      attribute,
      accepted: attribute.ops.includes('C') && loaded(attribute.createExtension),
      required: attribute.default === required,
    }));
}

export function serve(definition: ResourceDefinition, extensions: ReadonlySet<string>): ServedResource {
  const loaded = (alias: string | undefined) => alias === undefined || extensions.has(alias);
  const all = Object.entries(definition.attributes);
  const known = all.filter(([, attribute]) => loaded(attribute.extension));
  const filterable = new Map(known.filter(([, attribute]) => attribute.filter));
  const tags = filterable.get('tags');
  if (tags !== undefined) for (const name of tagFilters) filterable.set(name, tags);
  return {
    definition,
    member: definition.member,
    collection: definition.collection,
    attributes: new Map(known),
    creatable: rulesOf(definition.attributes, extensions),
    updatable: new Set(known.filter(([, a]) => a.ops.includes('U') && loaded(a.updateExtension)).map(([name]) => name)),
    filterable,
    sortable: new Set(known.filter(([, a]) => a.sort && loaded(a.sortExtension)).map(([name]) => name)),
    hidden: all.filter(([, a]) => !a.ops.includes('R') || !loaded(a.extension)).map(([name]) => name),
    key: keyOf(definition),
    hasProject: Object.hasOwn(definition.attributes, 'project_id'),
  };
}
