import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Context, globalRequestId } from '../lib/context.ts';
import { badRequest } from './errors.ts';

/**
 * Who asks, from the headers of a request; null when they do not say so credibly (401). Part of every request, so it may
 * answer at once or later.
 */
export type Authenticate = (
  headers: IncomingHttpHeaders,
  requestId: string,
) => Context | null | Promise<Context | null>;

/** The project of clients that name none (`OS_AUTH_TYPE=none` has no project). */
export const defaultProject = 'admin';

/**
 * No identity service: everyone is admin, of the project the headers name, as Neutron's `auth_strategy = noauth` with the
 * same headers.
 */
export function noAuthentication(
  project: string = defaultProject,
): (headers: IncomingHttpHeaders, requestId: string) => Context {
  return (headers, requestId) => {
    const roles = text(headers['x-roles']);
    return {
      requestId,
      globalRequestId: globalRequestId(headers['x-openstack-request-id']),
      userId: text(headers['x-user-id']) ?? text(headers['x-user']),
      userName: text(headers['x-user-name']),
      projectId: projectId(headers) ?? project,
      projectName: text(headers['x-project-name']),
      roles: roles === null ? ['admin'] : roles.split(',').map((role) => role.trim()),
      isAdmin: true,
      authToken: text(headers['x-auth-token']),
    };
  };
}

/** As `noAuthentication`, for clients that know the one token (`OS_AUTH_TYPE=admin_token`). */
export function fixedToken(token: string, project: string = defaultProject): Authenticate {
  const inner = noAuthentication(project);
  // Digests have one length, so that the time of the comparison tells nothing.
  const expected = digest(token);
  return (headers, requestId) => {
    const given = text(headers['x-auth-token']);
    return given !== null && timingSafeEqual(digest(given), expected) ? inner(headers, requestId) : null;
  };
}

function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}

function projectId(headers: IncomingHttpHeaders): string | null {
  const project = text(headers['x-project-id']) ?? text(headers['x-tenant-id']);
  if (project !== null && project.length > 255) throw badRequest('X-Project-Id is longer than 255 characters.');
  return project;
}

function text(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header !== '' ? header : null;
}
