import type { Context } from '../lib/context.ts';
import type { NeutronError } from '../lib/errors.ts';
import { parseExact } from '../lib/exact-json.ts';
import type { ListQuery, Page, Way } from '../lib/query.ts';
import { inTurns } from '../lib/turns.ts';
import { type Collection, FinishedJson, type Input } from '../plugin/contract.ts';
import { noticesOfRoute } from './announced-routes.ts';
import { type Body, unwrap, unwrapOne } from './body.ts';
import type { Call, Item, Target } from './call.ts';
import { apiErrors, badRequest, HiddenError } from './errors.ts';
import { createInput, routeInput, updateInput } from './input.ts';
import { linkBase, pageLinks } from './links.ts';
import { readFields, readListQuery } from './list-query.ts';
import type { Answer, Request, Service } from './pipeline.ts';
import { pageEnds, renderMany, renderOne, spliceMany, visiblePart } from './render.ts';
import { readRevision } from './revision.ts';
import type { RouteMatch } from './routes.ts';
import type { ServedResource } from './served-resource.ts';

/** What each verb on a collection or a resource does: read the input, ask the gate, call the plugin, render. */

type AnyCollection = Collection<Item>;

export async function list(service: Service, request: Request, target: Target): Promise<Answer> {
  const { resource } = target;
  const query = readListQuery(resource, request.parameters, service.listRules);
  const call = callOf(request, target, 'list');
  const { fields, limit } = query;
  const { page, shown } = await readPage(service, call, query);
  let links: ReturnType<typeof pageLinks> = [];
  if (limit !== null) {
    const url = linkBase(request, service.linkPrefix) + request.path;
    links = pageLinks(url, request.parameters, pageEnds(page, resource.definition.key), limit, query.pageReverse);
  }
  if (page.items === undefined) return { status: 200, body: spliceMany(resource.collection, page.json, links) };
  const items = shown.map((item) => visiblePart(resource, item, fields));
  return { status: 200, body: renderMany(resource.collection, items, links) };
}

/** A page, by which links go, and what of it the caller may see. */
export async function readPage(
  service: Service,
  call: Call,
  query: ListQuery,
): Promise<{ page: Page<Item>; shown: readonly Item[] }> {
  const collection = collectionOf(service, call);
  const { nothing, hidden, ways, judges, see } = service.gate.look(call);
  if (nothing) return { page: { items: [] }, shown: [] };
  if (!judges || ways !== undefined) {
    const page = await collection.list(call.context, narrowed(query, hidden, ways));
    return { page, shown: page.items ?? [] };
  }
  const page = await collection.list(call.context, { ...query, fields: null });
  const items = page.items ?? (parseExact(Buffer.from(page.json).toString()) as Item[]);
  return { page: { items }, shown: await see(items) };
}

function narrowed(query: ListQuery, hidden: readonly string[], ways: readonly Way[] | undefined): ListQuery {
  if (hidden.length === 0 && ways === undefined) return query;
  return { ...query, hidden, ...(ways && { ways }) };
}

export async function get(service: Service, request: Request, target: Target, id: string): Promise<Answer> {
  const { resource } = target;
  const { parameters } = request;
  // Upstream checks the query string of one network as that of a list, before it looks for it; of others it reads `fields`.
  if (parameters.length > 0 && resource.definition.core) readListQuery(resource, parameters, service.listRules);
  const fields = parameters.length === 0 ? null : readFields(resource, parameters);
  const call = callOf(request, target, 'get', id);
  const look = service.gate.look(call);
  const item = await collectionOf(service, call).get(call.context, id, look.judges ? null : fields);
  if (look.nothing) throw new HiddenError();
  const [shown] = look.judges || look.hidden.length > 0 ? await look.see([item]) : [item];
  if (shown === undefined) throw new HiddenError();
  return { status: 200, body: renderOne(resource.member, visiblePart(resource, shown, fields)) };
}

export async function create(service: Service, request: Request, target: Target, body: Body): Promise<Answer> {
  const { resource } = target;
  const wanted = unwrap(body, resource.member, resource.collection, service.allowBulk);
  if ('one' in wanted) {
    const call = callOf(request, target, 'create', null, [createInput(resource, wanted.one, request.context)]);
    service.announcer?.begins(call, { [resource.member]: wanted.one });
    const item = await run(service, call, (collection) => {
      if (collection.create === undefined) throw notCreatable(resource);
      return collection.create(call.context, call.inputs[0]!);
    });
    service.news?.made(call, [item]);
    const text = await renderItem(service, call, item);
    service.announcer?.ends(call, text);
    return { status: 201, body: text };
  }
  const inputs = await inTurns(wanted.many, (item) => createInput(resource, item, request.context));
  const call = callOf(request, target, 'create', null, inputs);
  service.announcer?.begins(call, { [resource.collection]: body[resource.collection] });
  const items = await run(service, call, (collection) => createBulk(collection, call));
  service.news?.made(call, items);
  const texts = await inTurns(await made(service, call, items), (item) =>
    JSON.stringify(visiblePart(resource, item, null)),
  );
  const answer = spliceMany(resource.collection, Buffer.from(`[${texts.join(',')}]`), []);
  service.announcer?.ends(call, answer);
  return { status: 201, body: answer };
}

/** In one transaction where the plugin can; else one by one, and what was made is removed when one fails. */
async function createBulk(collection: AnyCollection, call: Call): Promise<Item[]> {
  if (collection.createBulk !== undefined) return collection.createBulk(call.context, call.inputs);
  if (collection.create === undefined) throw notCreatable(call.resource);
  const created: Item[] = [];
  try {
    for (const input of call.inputs) created.push(await collection.create(call.context, input));
  } catch (error) {
    for (const item of created.reverse()) await collection.delete?.(call.context, String(item.id)).catch(() => {});
    throw error;
  }
  return created;
}

export async function update(
  service: Service,
  request: Request,
  target: Target,
  id: string,
  body: Body,
): Promise<Answer> {
  const { resource } = target;
  const several = resource.collection !== resource.member || Array.isArray(body[resource.collection]);
  if (several && Object.hasOwn(body, resource.collection)) throw badRequest('Bulk operation not supported');
  const given = unwrapOne(body, resource.member);
  const changes = updateInput(resource, given, request.context);
  const ifRevision = revisionOf(request, resource);
  const call = callOf(request, target, 'update', id, [changes]);
  service.announcer?.begins(call, { [resource.member]: given, id });
  const item = await run(service, call, (collection) => {
    if (collection.update === undefined) throw apiErrors.HTTPMethodNotAllowed();
    return collection.update(call.context, id, changes, ifRevision);
  });
  service.news?.changed(call, item);
  const text = await renderItem(service, call, item);
  service.announcer?.ends(call, text);
  return { status: 200, body: text };
}

export async function remove(service: Service, request: Request, target: Target, id: string): Promise<Answer> {
  const ifRevision = revisionOf(request, target.resource);
  const call = callOf(request, target, 'delete', id);
  const { announcer } = service;
  announcer?.begins(call, { [`${target.resource.member}_id`]: id });
  let original: Item = {};
  let owner: string | null = null;
  await run(service, call, async (collection) => {
    if (collection.delete === undefined) throw apiErrors.HTTPMethodNotAllowed();
    if (announcer !== null) original = await announcer.original(call, collection);
    if (service.news?.wanted) owner = await service.news.ownerOf(call, collection);
    return collection.delete(call.context, id, ifRevision);
  });
  service.news?.deleted(call, owner);
  announcer?.deleted(call, original);
  return { status: 204, body: '' };
}

/** A request with a path of its own: checks its body, asks the gate, calls the handler. */
export async function route(service: Service, request: Request, match: RouteMatch, body: Body): Promise<Answer> {
  const { route } = match;
  const params = paramsOf(match, request.context);
  const { definition, resource } = route;
  const { bodyEnvelope, envelope, status } = definition;
  const given = bodyEnvelope === undefined ? body : unwrapOne(body, bodyEnvelope);
  const ifRevision = request.method === 'GET' ? null : revisionOf(request, resource);
  const [id = null] = Object.values(params);
  if (definition.targetFirst) await service.collections[resource.key]!.get(request.context, id!, ['id']);
  const input = route.body === null ? {} : routeInput(route.body, given);
  const inputs = route.body === null ? [] : [input];
  const call: Call = { ...callOf(request, { resource, parentId: null }, 'route', id, inputs), route };
  const { context, parameters } = request;
  const { announcer } = service;
  const notices = announcer === null ? null : noticesOfRoute({ route, params }, input);
  if (notices?.start !== undefined) announcer!.tell(context, ...notices.start);
  await service.gate.permit(call);
  const result = await route.handler({ context, params, input, parameters, ifRevision });
  if (request.method !== 'GET') service.news?.changed(call, {});
  if (notices !== null) announcer!.tell(context, ...notices.end);
  if (status === 204) return { status, body: '' };
  if (result instanceof FinishedJson && envelope !== null)
    return { status, body: spliceMany(envelope, result.bytes, []) };
  return { status, body: envelope === null ? JSON.stringify(result ?? null) : renderOne(envelope, result) };
}

/**
 * The revision that a change is conditional on. Upstream means to refuse the condition where there are no revisions, and
 * fails at it (500).
 *
 * @throws BadRequest
 */
function revisionOf(request: Request, { attributes, collection }: ServedResource): number | null {
  const revision = readRevision(request.headers['if-match']);
  if (revision !== null && !attributes.has('revision_number')) {
    throw apiErrors.BadRequest({
      resource: collection,
      message: 'Revision matching not supported for this resource',
    });
  }
  return revision;
}

/** The project in the path by its id. */
function paramsOf({ route, params }: RouteMatch, { projectId }: Context): RouteMatch['params'] {
  const { ownProject } = route.definition;
  const isOwn = ownProject !== undefined && params.project_id === ownProject && projectId !== null;
  return isOwn ? { ...params, project_id: projectId } : params;
}

/**
 * PUT and DELETE without an id. Upstream looks for the resource called None, which is a 404 of the right type.
 */
export async function withoutId(service: Service, request: Request, target: Target): Promise<Answer> {
  await collectionOf(service, target).get(request.context, 'None', ['id']);
  throw apiErrors.HTTPNotFound();
}

function callOf(
  request: Request,
  { resource, parentId }: Target,
  operation: Call['operation'],
  id: string | null = null,
  inputs: readonly Input[] = [],
): Call {
  return { context: request.context, resource, parentId, operation, id, inputs, route: null };
}

function collectionOf(service: Service, { resource, parentId }: Target): AnyCollection {
  const { key } = resource;
  return parentId === null ? service.collections[key]! : service.children[key]!(parentId);
}

/** What the plugin does, if the caller may have it done. */
async function run<T>(service: Service, call: Call, work: (collection: AnyCollection) => Promise<T>): Promise<T> {
  await service.gate.permit(call);
  return work(collectionOf(service, call));
}

/** What the caller has just made or changed, as it may see it. */
async function made(service: Service, call: Call, items: readonly Item[]): Promise<readonly Item[]> {
  const { hidden, judges, see } = service.gate.look(call);
  return judges || hidden.length > 0 ? see(items, true) : items;
}

async function renderItem(service: Service, call: Call, item: Item): Promise<string> {
  const [shown] = await made(service, call, [item]);
  return renderOne(call.resource.member, visiblePart(call.resource, shown!, null));
}

function notCreatable(resource: ServedResource): NeutronError {
  return badRequest(`A ${resource.member} cannot be created through the API.`);
}
