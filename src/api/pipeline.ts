import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '../lib/context.ts';
import type { Collection } from '../plugin/contract.ts';
import type { Announcer } from './announcer.ts';
import type { Body } from './body.ts';
import { parseBody } from './body.ts';
import type { Item, Target } from './call.ts';
import { apiErrors, badRequest } from './errors.ts';
import type { Gate } from './gate.ts';
import type { LinkSource } from './links.ts';
import type { ListRules } from './list-query.ts';
import type { DoneNews } from './news.ts';
import { noParameters, type Parameters, parseQueryString } from './query-string.ts';
import { matchRoute, type RouteMatch, type RouteTable } from './routes.ts';
import type { ServedResource } from './served-resource.ts';
import * as verbs from './verbs.ts';

/** What all requests share. */
export interface Service {
  /** By URL name, with hyphens and with underscores. */
  readonly resources: ReadonlyMap<string, ServedResource>;
  readonly collections: Readonly<Record<string, Collection<Item>>>;
  /** By `<parent collection>/<collection>`. */
  readonly children: Readonly<Record<string, (parentId: string) => Collection<Item>>>;
  readonly routes: RouteTable;
  /** What may stand before a collection: `qos`. */
  readonly prefixes: ReadonlySet<string>;
  readonly gate: Gate;
  /** Null where nobody is told of what is done. */
  readonly announcer: Announcer | null;
  /** Null where nobody can look on. */
  readonly news: DoneNews | null;
  readonly listRules: ListRules;
  readonly allowBulk: boolean;
  readonly linkPrefix: string;
}

/** One request below `/v2.0/`, from a caller who is known. */
export interface Request extends LinkSource {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Decoded nowhere yet: what stands before the `?`. */
  readonly path: string;
  readonly parameters: Parameters;
  readonly body: Uint8Array | null;
  readonly context: Context;
}

export interface Answer {
  readonly status: number;
  /** Text, bytes, or bytes in pieces. */
  readonly body: string | Uint8Array | readonly Uint8Array[];
}

/** Splits a request target at its `?`. */
export function splitTarget(target: string): { path: string; parameters: Parameters } {
  const mark = target.indexOf('?');
  if (mark < 0) return { path: target, parameters: noParameters };
  return { path: target.slice(0, mark), parameters: parseQueryString(target.slice(mark + 1)) };
}

/**
 * From a request to its answer: route, body, then the verb, which reads the input, asks the gate and calls the plugin.
 *
 * @throws NeutronError for everything that is to be refused; anything else is a bug
 */
export async function serve(service: Service, request: Request): Promise<Answer> {
  const segments = withoutPrefix(segmentsOf(request.path), service.prefixes);
  const [first, id, below, childId] = segments;
  const resource = service.resources.get(first!);
  const match = matchRoute(service.routes, request.method, segments);
  if (match !== null && match !== 'other_method') {
    refuseOtherTypes(request.headers.accept);
    return runRoute(service, request, match);
  }
  if (resource === undefined || segments.length > 4) {
    throw match === null ? apiErrors.HTTPNotFound() : apiErrors.HTTPMethodNotAllowed();
  }
  refuseOtherTypes(request.headers.accept);
  if (id === undefined) {
    if (resource.definition.single) throw apiErrors.HTTPNotFound();
    return onCollection(service, request, { resource, parentId: null });
  }
  if (below === undefined) return onResource(service, request, { resource, parentId: null }, id);
  const child = service.resources.get(`${first}/${below}`);
  if (child === undefined) throw match === null ? apiErrors.HTTPNotFound() : apiErrors.HTTPMethodNotAllowed();
  if (childId === undefined) return onCollection(service, request, { resource: child, parentId: id });
  return onResource(service, request, { resource: child, parentId: id }, childId);
}

function onCollection(service: Service, request: Request, target: Target): Promise<Answer> {
  switch (request.method) {
    case 'GET':
    // The web framework upstream answers OPTIONS as GET; clients that probe with it rely on the 200.
    case 'OPTIONS':
      return verbs.list(service, request, target);
    case 'POST':
      return verbs.create(service, request, target, bodyOf(request));
    case 'PUT':
    case 'DELETE':
      return verbs.withoutId(service, request, target);
    default:
      throw apiErrors.HTTPMethodNotAllowed();
  }
}

function onResource(service: Service, request: Request, target: Target, id: string): Promise<Answer> {
  switch (request.method) {
    case 'GET':
    case 'OPTIONS':
      return verbs.get(service, request, target, id);
    case 'PUT':
      return verbs.update(service, request, target, id, bodyOf(request));
    case 'DELETE':
      refuseBody(request);
      return verbs.remove(service, request, target, id);
    default:
      throw apiErrors.HTTPMethodNotAllowed();
  }
}

async function runRoute(service: Service, request: Request, match: RouteMatch): Promise<Answer> {
  const { body } = match.route;
  // A DELETE of a plain resource refuses a body; these ignore it, because openstacksdk sends one (dhcp-networks).
  return verbs.route(service, request, match, body === null ? {} : bodyOf(request));
}

function refuseBody({ body }: Request): void {
  if (body !== null && body.length > 0) throw badRequest('Request body is not supported in DELETE.');
}

function bodyOf(request: Request): Body {
  return parseBody(request.body);
}

/** `/v2.0/ports/<id>.json/` → `ports`, `<id>`. */
function segmentsOf(path: string): string[] {
  let rest = path.slice('/v2.0/'.length);
  if (rest.endsWith('/')) rest = rest.slice(0, -1);
  if (rest.endsWith('.json')) rest = rest.slice(0, -'.json'.length);
  const segments = rest.split('/');
  if (!rest.includes('%')) return segments;
  try {
    return segments.map(decodeURIComponent);
  } catch {
    throw apiErrors.HTTPNotFound();
  }
}

/** `qos`, `policies` → `policies`: as upstream, whatever collection it stands before. */
function withoutPrefix(segments: string[], prefixes: ReadonlySet<string>): string[] {
  return segments.length > 1 && prefixes.has(segments[0]!) ? segments.slice(1) : segments;
}

/** Only JSON is spoken: a client that accepts everything but that gets 406. */
function refuseOtherTypes(accept: string | undefined): void {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return;
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()));
  // What is no type says nothing; a header of nothing else is none.
  const meant = ranges.filter(([type = '']) => type.includes('/'));
  const accepted = meant.some(([type, ...parameters]) => {
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return !refused && (type === '*/*' || type === 'application/*' || type === 'application/json');
  });
  if (!accepted && meant.length > 0) throw apiErrors.HTTPNotAcceptable();
}
