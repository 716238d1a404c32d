import type { NeutronError } from '../lib/errors.ts';
import { inTurns } from '../lib/turns.ts';
import type { Collection, Input } from '../plugin/contract.ts';
import { type Body, unwrap, unwrapOne } from './body.ts';
import { apiErrors, badRequest } from './errors.ts';
import { createInput, updateInput } from './input.ts';
import { linkBase, pageLinks } from './links.ts';
import { readFields, readListQuery } from './list-query.ts';
import type { Answer, Request, Service } from './pipeline.ts';
import { pageEnds, renderMany, renderOne, spliceMany, visiblePart } from './render.ts';
import { readRevision } from './revision.ts';
import type { ServedResource } from './served-resource.ts';
import type { Call, Item } from './steps.ts';

/** What each verb on a collection or a resource does: read the input, run the steps, call the plugin, render. */

type AnyCollection = Collection<Item>;

export async function list(service: Service, request: Request, resource: ServedResource): Promise<Answer> {
  const query = readListQuery(resource, request.parameters, service.listRules);
  const call = callOf(request, resource, 'list');
  const { fields, limit } = query;
  const page = await run(service, call, (collection) => collection.list(call.context, query));
  let links: ReturnType<typeof pageLinks> = [];
  if (limit !== null) {
    const url = linkBase(request, service.linkPrefix) + request.path;
    links = pageLinks(url, request.parameters, pageEnds(page), limit, query.pageReverse);
  }
  if (page.items === undefined) return { status: 200, body: spliceMany(resource.collection, page.json, links) };
  const items = show(service, call, page.items).map((item) => visiblePart(resource, item, fields));
  return { status: 200, body: renderMany(resource.collection, items, links) };
}

export async function get(service: Service, request: Request, resource: ServedResource, id: string): Promise<Answer> {
  const fields = request.parameters.length === 0 ? null : readFields(resource, request.parameters);
  const call = callOf(request, resource, 'get', id);
  const item = await run(service, call, (collection) => collection.get(call.context, id, fields));
  return { status: 200, body: renderItem(service, call, item, fields) };
}

export async function create(
  service: Service,
  request: Request,
  resource: ServedResource,
  body: Body,
): Promise<Answer> {
  const wanted = unwrap(body, resource.member, resource.collection, service.allowBulk);
  if ('one' in wanted) {
    const call = callOf(request, resource, 'create', null, [createInput(resource, wanted.one, request.context)]);
    const item = await run(service, call, (collection) => {
      if (collection.create === undefined) throw notCreatable(resource);
      return collection.create(call.context, call.inputs[0]!);
    });
    return { status: 201, body: renderItem(service, call, item, null) };
  }
  const inputs = await inTurns(wanted.many, (item) => createInput(resource, item, request.context));
  const call = callOf(request, resource, 'create', null, inputs);
  const items = await run(service, call, (collection) => createBulk(collection, call));
  const texts = await inTurns(show(service, call, items), (item) => JSON.stringify(visiblePart(resource, item, null)));
  return { status: 201, body: spliceMany(resource.collection, Buffer.from(`[${texts.join(',')}]`), []) };
}

/** In one transaction where the plugin can; else one by one, and what was made is removed when one fails. */
async function createBulk(collection: AnyCollection, call: Call): Promise<Item[]> {
  if (collection.createBulk !== undefined) return collection.createBulk(call.context, call.inputs);
  if (collection.create === undefined) throw notCreatable(call.resource);
  const made: Item[] = [];
  try {
    for (const input of call.inputs) made.push(await collection.create(call.context, input));
  } catch (error) {
    for (const item of made.reverse()) await collection.delete?.(call.context, String(item.id)).catch(() => {});
    throw error;
  }
  return made;
}

export async function update(
  service: Service,
  request: Request,
  resource: ServedResource,
  id: string,
  body: Body,
): Promise<Answer> {
  if (Object.hasOwn(body, resource.collection)) throw badRequest('Bulk operation not supported');
  const changes = updateInput(resource, unwrapOne(body, resource.member), request.context);
  const ifRevision = readRevision(request.headers['if-match']);
  const call = callOf(request, resource, 'update', id, [changes]);
  const item = await run(service, call, (collection) => {
    if (collection.update === undefined) throw apiErrors.HTTPMethodNotAllowed();
    return collection.update(call.context, id, changes, ifRevision);
  });
  return { status: 200, body: renderItem(service, call, item, null) };
}

export async function remove(
  service: Service,
  request: Request,
  resource: ServedResource,
  id: string,
): Promise<Answer> {
  const ifRevision = readRevision(request.headers['if-match']);
  const call = callOf(request, resource, 'delete', id);
  await run(service, call, (collection) => {
    if (collection.delete === undefined) throw apiErrors.HTTPMethodNotAllowed();
    return collection.delete(call.context, id, ifRevision);
  });
  return { status: 204, body: '' };
}

/** A request below one resource. Only `explain` until other issues bring more. */
export async function action(
  service: Service,
  request: Request,
  resource: ServedResource,
  id: string,
  name: string,
): Promise<Answer> {
  const { envelope } = resource.definition.actions![name]!;
  const call = callOf(request, resource, 'action', id);
  const result = await run(service, call, () => service.actions[`${resource.collection}/${name}`]!(call.context, id));
  return { status: 200, body: renderOne(envelope, result) };
}

/**
 * PUT and DELETE without an id. Upstream looks for the resource called None, which is a 404 of the right type.
 */
export async function withoutId(service: Service, request: Request, resource: ServedResource): Promise<Answer> {
  await service.collections[resource.collection]!.get(request.context, 'None', ['id']);
  throw apiErrors.HTTPNotFound();
}

function callOf(
  request: Request,
  resource: ServedResource,
  operation: Call['operation'],
  id: string | null = null,
  inputs: readonly Input[] = [],
): Call {
  return { context: request.context, resource, operation, id, inputs };
}

/** The steps before, the plugin, the steps after. */
async function run<T>(service: Service, call: Call, work: (collection: AnyCollection) => Promise<T>): Promise<T> {
  const collection = service.collections[call.resource.collection]!;
  if (service.steps.length === 0) return work(collection);
  let done = 0;
  let failure: unknown = null;
  try {
    for (const step of service.steps) {
      await step.before?.(call);
      done++;
    }
    return await work(collection);
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    for (const step of service.steps.slice(0, done).reverse()) await step.after?.(call, failure);
  }
}

function show(service: Service, call: Call, items: readonly Item[]): readonly Item[] {
  let shown = items;
  for (const step of service.steps) if (step.show !== undefined) shown = step.show(call, shown);
  return shown;
}

function renderItem(service: Service, call: Call, item: Item, fields: readonly string[] | null): string {
  const [shown] = show(service, call, [item]);
  // Existence is hidden from those who may not see it.
  if (shown === undefined) throw apiErrors.HTTPNotFound();
  return renderOne(call.resource.member, visiblePart(call.resource, shown, fields));
}

function notCreatable(resource: ServedResource): NeutronError {
  return badRequest(`A ${resource.member} cannot be created through the API.`);
}
