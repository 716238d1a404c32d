import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '../lib/context.ts';
import type { Collection } from '../plugin/contract.ts';
import type { Body } from './body.ts';
import { parseBody } from './body.ts';
import { apiErrors, badRequest } from './errors.ts';
import type { LinkSource } from './links.ts';
import type { ListRules } from './list-query.ts';
import { noParameters, type Parameters, parseQueryString } from './query-string.ts';
import type { ServedResource } from './served-resource.ts';
import type { Item, Step } from './steps.ts';
import * as verbs from './verbs.ts';

/** What all requests share. */
export interface Service {
  /** By URL name, with hyphens and with underscores. */
  readonly resources: ReadonlyMap<string, ServedResource>;
  readonly collections: Readonly<Record<string, Collection<Item>>>;
  /** By `<collection>/<action>`. */
  readonly actions: Readonly<Record<string, (context: Context, id: string) => Promise<unknown>>>;
  readonly steps: readonly Step[];
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
 * From a request to its answer: route, body, then the verb, which reads the input, runs the steps and calls the plugin.
 *
 * @throws NeutronError for everything that is to be refused; anything else is a bug
 */
export async function serve(service: Service, request: Request): Promise<Answer> {
  const segments = segmentsOf(request.path);
  const resource = service.resources.get(segments[0]!);
  if (resource === undefined || segments.length > 3) throw apiErrors.HTTPNotFound();
  refuseOtherTypes(request.headers.accept);
  const [, id, name] = segments;
  if (id === undefined) return onCollection(service, request, resource);
  if (name === undefined) return onResource(service, request, resource, id);
  const action = resource.definition.actions?.[name];
  if (action === undefined || !Object.hasOwn(service.actions, `${resource.collection}/${name}`)) {
    throw apiErrors.HTTPNotFound();
  }
  if (request.method !== action.method) throw apiErrors.HTTPMethodNotAllowed();
  return verbs.action(service, request, resource, id, name);
}

function onCollection(service: Service, request: Request, resource: ServedResource): Promise<Answer> {
  switch (request.method) {
    case 'GET':
    // The web framework upstream answers OPTIONS as GET; clients that probe with it rely on the 200.
    case 'OPTIONS':
      return verbs.list(service, request, resource);
    case 'POST':
      return verbs.create(service, request, resource, bodyOf(request));
    case 'PUT':
    case 'DELETE':
      return verbs.withoutId(service, request, resource);
    default:
      throw apiErrors.HTTPMethodNotAllowed();
  }
}

function onResource(service: Service, request: Request, resource: ServedResource, id: string): Promise<Answer> {
  switch (request.method) {
    case 'GET':
    case 'OPTIONS':
      return verbs.get(service, request, resource, id);
    case 'PUT':
      return verbs.update(service, request, resource, id, bodyOf(request));
    case 'DELETE':
      if (request.body !== null && request.body.length > 0) {
        throw badRequest('Request body is not supported in DELETE.');
      }
      return verbs.remove(service, request, resource, id);
    default:
      throw apiErrors.HTTPMethodNotAllowed();
  }
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

/** Only JSON is spoken: a client that accepts everything but that gets 406. */
function refuseOtherTypes(accept: string | undefined): void {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return;
  const accepted = accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const refused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return !refused && (type === '' || type === '*/*' || type === 'application/*' || type === 'application/json');
  });
  if (!accepted) throw apiErrors.HTTPNotAcceptable();
}
