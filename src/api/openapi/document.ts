import type { Schema } from '../../resources/contract.ts';
import { describeResource } from '../../resources/descriptions.ts';
import { fixedPaths } from './fixed-paths.ts';
import { type PathItem, verbPaths } from './operations.ts';
import { errorResponses, errorSchemas } from './responses.ts';
import { routeOperation } from './route-operations.ts';
import { resourceSchemas } from './schemas.ts';
import { routePath, type SurfaceResource } from './surface.ts';

export interface DocumentParts {
  readonly surface: readonly SurfaceResource[];
  readonly allowBulk: boolean;
  /** Whether callers need a token. */
  readonly tokens: boolean;
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0';
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly { readonly url: string }[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly responses: Readonly<Record<string, unknown>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

const about = `OpenStack Networking v2.0, as this server answers it: only what its configuration has.

Values are read generously: true is also "True", "yes" or 1, a number may be text. Attributes that are not listed are
refused. Collections and paths may be written with hyphens or underscores.`;

/**
 * The API in OpenAPI 3.1: resources and routes that are served, with the attributes of the extensions that are loaded.
 * @param base scheme, host and prefix by which the client reached us
 */
export function openApiDocument({ surface, allowBulk, tokens }: DocumentParts, base: string): OpenApiDocument {
  const paths: Record<string, PathItem> = { ...fixedPaths };
  for (const resource of surface) {
    Object.assign(paths, verbPaths(resource, allowBulk));
    for (const route of resource.routes) {
      const path = routePath(route);
      const [method, operation] = routeOperation(route, surface);
      paths[path] = { ...paths[path], [method]: operation };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Networking API',
      version: '2.0',
      description: about,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: base }],
    security: tokens ? [{ token: [] }] : [],
    tags: [
      { name: 'about', description: 'What the server is and can do' },
      ...surface.map(({ resource }) => ({ name: resource.key, description: describeResource(resource.definition) })),
    ],
    paths,
    components: {
      schemas: { ...errorSchemas, ...Object.assign({}, ...surface.map(schemasOf)) },
      responses: errorResponses(),
      securitySchemes: tokens
        ? { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'A token of Keystone' } }
        : {},
    },
  };
}

function schemasOf(resource: SurfaceResource): Record<string, Schema> {
  // What has routes only (quotas) may have no attributes: nothing refers to it.
  return resource.resource.attributes.size === 0 ? {} : resourceSchemas(resource);
}
