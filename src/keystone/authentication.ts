import type { IncomingHttpHeaders } from 'node:http';
import { type Context, globalRequestId } from '../lib/context.ts';
import { defineErrors } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { KeystoneRefusal, KeystoneUnavailable } from './client.ts';
import type { TokenFacts } from './token.ts';
import type { TokenCheck } from './token-check.ts';

const errors = defineErrors({
  ServiceUnavailable: ['unavailable', 'The Keystone service is temporarily unavailable.'],
});

export interface AuthenticationParts {
  readonly check: TokenCheck;
  /** Roles by which a service's token counts as one (`service_token_roles`). */
  readonly serviceRoles: readonly string[];
  /** Refuses a service token without those roles, instead of ignoring it. */
  readonly serviceRolesRequired: boolean;
  readonly logger: Logger;
}

/**
 * Who sends a request, by its `X-Auth-Token` (upstream: keystonemiddleware). With an `X-Service-Token` of a service the
 * other token may have expired meanwhile.
 *
 * @returns the caller; null: nobody that Keystone knows (401)
 */
export function keystoneAuthentication(
  parts: AuthenticationParts,
): (headers: IncomingHttpHeaders, requestId: string) => Context | null | Promise<Context | null> {
  const { check } = parts;
  return (headers, requestId) => {
    const token = text(headers['x-auth-token']);
    if (token === null) return null;
    const service = text(headers['x-service-token']);
    if (service === null) {
      // Most requests come with a token that was seen a moment ago: no promise, no turn of the loop.
      const known = check.known(token);
      if (known !== undefined) return known === null ? null : contextOf(known, null, { token, headers, requestId });
    }
    return identify(parts, { token, service, headers, requestId });
  };
}

interface Sent {
  readonly token: string;
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
}

async function identify(
  { check, serviceRoles, serviceRolesRequired, logger }: AuthenticationParts,
  sent: Sent & { readonly service: string | null },
): Promise<Context | null> {
  try {
    const service = sent.service === null ? null : await check.facts(sent.service);
    const isService = service?.roles.some((role) => serviceRoles.includes(role)) === true;
    if (sent.service !== null && !isService && (service === null || serviceRolesRequired)) return null;
    const facts = await check.facts(sent.token, { allowExpired: isService });
    return facts && contextOf(facts, service, sent);
  } catch (error) {
    if (error instanceof KeystoneUnavailable || error instanceof KeystoneRefusal) {
      const remedy =
        error instanceof KeystoneRefusal ? 'see the user and password in [keystone_authtoken]' : 'is it running?';
      logger.error({ request_id: sent.requestId, error }, `tokens cannot be checked: ${remedy}`);
      throw errors.ServiceUnavailable({}, error);
    }
    throw error;
  }
}

function contextOf(facts: TokenFacts, service: TokenFacts | null, { token, headers, requestId }: Sent): Context {
  return {
    requestId,
    globalRequestId: globalRequestId(headers['x-openstack-request-id']),
    userId: facts.userId,
    userName: facts.userName,
    projectId: facts.projectId,
    projectName: facts.projectName,
    roles: facts.roles,
    // The rules say who is an administrator.
    isAdmin: false,
    authToken: token,
    userDomainId: facts.userDomainId,
    projectDomainId: facts.projectDomainId,
    domainId: facts.domainId,
    systemScope: facts.systemScope,
    isAdminProject: facts.isAdminProject,
    ...(service !== null && {
      serviceUserId: service.userId,
      serviceProjectId: service.projectId,
      serviceRoles: service.roles,
    }),
  };
}

function text(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && header !== '' ? header : null;
}
