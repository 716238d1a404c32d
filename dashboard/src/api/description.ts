import type { Permitted } from './permissions.ts';

/** JSON Schema of one attribute or body, as far as forms and lists read it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly $ref?: string;
  readonly 'x-neutron-extension'?: string;
}

interface Operation {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: Schema }>>;
type PathItem = Partial<Record<'get' | 'post' | 'put' | 'delete', Operation>>;

/** `/openapi.json`, as far as it is read here. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A resource as this server serves it: what lists, forms and commands are made from. */
export interface ApiResource {
  /** Its address in the dashboard: `networks`, `floatingips/port_forwardings`. */
  readonly key: string;
  readonly collection: string;
  readonly member: string;
  /** `/v2.0/networks`; of a child with `{floatingip_id}` in it. */
  readonly path: string;
  /** Attribute that stands in the URL of one; null when there is no asking for one. */
  readonly idName: string | null;
  /** Key of the resource it is below of, and the name of its id in the path. */
  readonly parent: { readonly key: string; readonly parameter: string } | null;
  /** What comes back. */
  readonly shown: Schema;
  readonly sortable: readonly string[];
  readonly filterable: readonly string[];
  readonly isPaged: boolean;
  readonly create: Schema | null;
  readonly update: Schema | null;
  readonly canDelete: boolean;
  readonly hasTags: boolean;
  /** What of it this caller may do; absent: nothing is known. */
  readonly permitted?: Permitted;
}

/** Resources that have a list, in the server's order. */
export function resourcesOf(document: ApiDocument): ApiResource[] {
  return Object.entries(document.paths).flatMap(([path, item]) => {
    const key = item.get?.tags?.[0];
    return key !== undefined && key !== 'about' && item.get?.operationId.startsWith('list')
      ? [resourceOf(document, path, key, item)]
      : [];
  });
}

function resourceOf(document: ApiDocument, path: string, key: string, item: PathItem): ApiResource {
  const list = contentOf(item.get!.responses['200']);
  const [collection, many] = firstProperty(document, list);
  const found = Object.entries(document.paths).find(
    ([other]) => other.startsWith(`${path}/{`) && other.indexOf('/', path.length + 1) < 0,
  );
  const [itemPath, one] = found ?? [null, {} as PathItem];
  const parameters = item.get!.parameters?.filter((parameter) => parameter.in === 'query') ?? [];
  const names = new Set(parameters.map(({ name }) => name));
  const parameter = /\{(\w+)\}/.exec(path)?.[1];
  const body = item.post && first(document, item.post.requestBody?.content);
  const change = one.put && first(document, one.put.requestBody?.content);
  return {
    key,
    collection,
    member:
      body?.[0] ?? (one.get ? firstProperty(document, contentOf(one.get.responses['200']))[0] : singular(collection)),
    path,
    idName: itemPath?.match(/\{(\w+)\}$/)?.[1] ?? null,
    parent: parameter === undefined ? null : { key: key.split('/')[0]!, parameter },
    shown: resolved(document, resolved(document, many).items ?? {}),
    sortable: (parameters.find(({ name }) => name === 'sort_key')?.schema.items?.enum ?? []) as string[],
    filterable: parameters.map(({ name }) => name).filter((name) => !notFilters.has(name)),
    isPaged: names.has('marker') && names.has('sort_key') && itemPath !== null,
    create: body?.[1] ?? null,
    update: change?.[1] ?? null,
    canDelete: one.delete !== undefined,
    hasTags: itemPath !== null && `${itemPath}/tags` in document.paths,
  };
}

const notFilters = new Set(['fields', 'sort_key', 'sort_dir', 'limit', 'marker', 'page_reverse']);

function singular(collection: string): string {
  return collection.endsWith('ies') ? `${collection.slice(0, -3)}y` : collection.replace(/s$/, '');
}

function contentOf(response: { readonly content?: Content } | undefined): Schema {
  return response?.content?.['application/json']?.schema ?? {};
}

/** Name and schema inside of a body's envelope, of one rather than of many. */
function first(document: ApiDocument, content: Content | undefined): readonly [string, Schema] | undefined {
  const schema = content?.['application/json']?.schema;
  return schema && firstProperty(document, schema.oneOf?.[0] ?? schema);
}

function firstProperty(document: ApiDocument, schema: Schema): readonly [string, Schema] {
  const whole = resolved(document, schema.oneOf?.[0] ?? schema);
  const [name, value] = Object.entries(whole.properties ?? {})[0] ?? ['', {}];
  return [name, resolved(document, value)];
}

function resolved(document: ApiDocument, schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  return name === undefined ? schema : (document.components.schemas[name] ?? {});
}

/** The path of a collection, of a child below that parent. */
export function collectionPath(resource: ApiResource, parentId: string | null): string {
  return resource.path.replace(/\{\w+\}/, () => encodeURIComponent(parentId ?? ''));
}

/** Type names a schema allows, without null. */
export function typesOf(schema: Schema): string[] {
  return [schema.type ?? []].flat().filter((type) => type !== 'null');
}

export function isNullable(schema: Schema): boolean {
  return [schema.type ?? []].flat().includes('null') || (schema.enum?.includes(null) ?? false);
}
