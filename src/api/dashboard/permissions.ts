import type { Context } from '../../lib/context.ts';
import type { Target } from '../call.ts';
import { apiErrors, badRequest } from '../errors.ts';
import type { Verdict } from '../gate.ts';
import { type Service, splitTarget } from '../pipeline.ts';
import type { ServedResource } from '../served-resource.ts';

/** Objects asked for at once: what a list shows. */
const MOST_IDS = 500;

/**
 * What policy lets a caller do, so that a page offers nothing else. `permissions` tells of every resource what may be done
 * with objects of the caller's own project; `permissions/ports?network_id=N&id=A&id=B` (the path as behind `/v2.0/`) what
 * with these, and whether a new one may be made with such an input.
 *
 * @param target behind `/dashboard/`: `permissions`, `permissions/policies/ID/bandwidth_limit_rules?id=…`
 * @returns an object for JSON
 * @throws HTTPNotFound for a path that has no resource, HTTPBadRequest
 */
export async function permissionsOf(service: Service, context: Context, target: string): Promise<object> {
  const { path, parameters } = splitTarget(target);
  const segments = path.split('/').slice(1).map(decoded);
  if (segments.length === 0) return everythingOf(service, context);
  const place = placeOf(service, segments);
  const ids = new Set(parameters.filter(([name]) => name === 'id').map(([, value]) => value));
  if (ids.size > MOST_IDS) throw badRequest(`At most ${MOST_IDS} ids can be asked for at once.`);
  const { attributes } = place.resource;
  const input = Object.fromEntries(parameters.filter(([name]) => name !== 'id' && attributes.has(name)));
  const { rights } = service.gate;
  const made = rights === undefined ? all : await rights.made(context, place, input);
  const stored = rights === undefined ? null : await rights.stored(context, place, [...ids]);
  const objects = [...ids].flatMap((id) => {
    const found = stored === null ? { update: all, delete: true, actions: {} } : stored.get(id);
    if (found === undefined) return [];
    const { update, delete: remove, actions } = found;
    return [[id, { update: update.allowed, delete: remove, not_in_update: update.refused, actions }] as const];
  });
  return {
    create: made.allowed,
    not_in_create: made.refused,
    objects: Object.fromEntries(objects),
  };
}

const all: Verdict = { allowed: true, refused: [] };

function everythingOf(service: Service, context: Context): object {
  const resources = [...new Set(service.resources.values())].map((resource) => [
    resource.key,
    resourceOf(service, context, resource),
  ]);
  return { project_id: context.projectId, resources: Object.fromEntries(resources) };
}

function resourceOf(service: Service, context: Context, resource: ServedResource): object {
  const call = { context, resource, parentId: null, operation: 'list', id: null, inputs: [], route: null } as const;
  const { nothing, hidden } = service.gate.look(call);
  const own = service.gate.rights?.own(context, resource);
  return {
    list: !nothing,
    hidden,
    create: own?.create.allowed ?? true,
    update: own?.update.allowed ?? true,
    delete: own?.delete ?? true,
    not_in_create: own?.create.refused ?? [],
    not_in_update: own?.update.refused ?? [],
    actions: own?.actions ?? {},
    judged: service.gate.rights?.isJudged(context, resource) ?? false,
  };
}

function placeOf({ resources }: Service, [first, parentId, below, ...rest]: readonly string[]): Target {
  const resource = resources.get(below === undefined ? first! : `${first}/${below}`);
  if (resource === undefined || rest.length > 0 || (parentId !== undefined && below === undefined)) {
    throw apiErrors.HTTPNotFound();
  }
  return { resource, parentId: below === undefined ? null : parentId! };
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw apiErrors.HTTPNotFound();
  }
}
