import type { Schema } from '../../resources/contract.ts';
import { routeExample } from '../../resources/examples.ts';
import type { ServedRoute } from '../routes.ts';
import type { Method, Operation } from './operations.ts';
import { policyOf } from './operations.ts';
import { pathParameters, revisionParameter } from './parameters.ts';
import { envelope, json, refusals } from './responses.ts';
import { inputSchema, reference, schemaName } from './schemas.ts';
import { routePath, type SurfaceResource } from './surface.ts';

/** A request that is no verb on a collection. */
export function routeOperation(route: ServedRoute, surface: readonly SurfaceResource[]): [Method, Operation] {
  const { definition, resource, body } = route;
  const { method, summary, status, rule, envelope: key, bodyEnvelope } = definition;
  const path = routePath(route);
  const changes = method !== 'GET';
  const input = body === null ? null : inputSchema(resource, body);
  const answer = answerSchema(key, surface);
  return [
    method.toLowerCase() as Method,
    {
      operationId: idOf(method, definition.path),
      tags: [resource.key],
      summary,
      parameters: [...pathParameters(path), ...(changes && path.includes('{') ? [revisionParameter] : [])],
      ...(input !== null && {
        requestBody: {
          required: true,
          content: json(bodyEnvelope === undefined ? input : envelope(bodyEnvelope, input), routeBody(route)),
        },
      }),
      responses: {
        [status]: { description: 'Done', ...(status !== 204 && { content: json(answer) }) },
        ...refusals(changes ? [400, 401, 403, 404, 409, 412, 503] : [401, 403, 404]),
      },
      ...policyOf(rule),
    },
  ];
}

/** What one would send. */
export function routeBody({ definition: { bodyEnvelope }, body }: ServedRoute): unknown {
  if (body === null) return undefined;
  const values = routeExample(body.map(({ name }) => name));
  return bodyEnvelope === undefined ? values : { [bodyEnvelope]: values };
}

/** Most envelopes are the name of a resource, of one or of many; what is in the others is the handler's. */
function answerSchema(key: string | null, surface: readonly SurfaceResource[]): Schema {
  if (key === null) return {};
  for (const { resource } of surface) {
    if (resource.member === key && resource.attributes.size > 0) return envelope(key, reference(schemaName(resource)));
    if (resource.collection === key && resource.attributes.size > 0) {
      return envelope(key, { type: 'array', items: reference(schemaName(resource)) });
    }
  }
  return envelope(key, {});
}

/** `putAddressGroupsAddAddresses`, `getNetworksTagsByTag` */
function idOf(method: string, path: string): string {
  const segments = path.split('/');
  const named = segments.flatMap((segment, i) => {
    if (!segment.startsWith('{')) return segment.split(/[-_]/);
    return i === segments.length - 1 ? ['by', ...segment.slice(1, -1).split('_')] : [];
  });
  return method.toLowerCase() + named.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
