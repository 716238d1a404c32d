import { randomUUID } from 'node:crypto';

/**
 * Who asks, and under which request id. Made once per request (from headers, a token, or by a program for itself), never
 * changed afterwards, and carried from the API through RPC to the agent, so that one id can be followed end to end.
 */
export interface Context {
  /** `req-<uuid>` of this request. */
  readonly requestId: string;
  /** `req-<uuid>` the caller gave, so that several services share one id; null if none. */
  readonly globalRequestId: string | null;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly roles: readonly string[];
  readonly isAdmin: boolean;
  /** The caller's token; never logged, stored or sent to agents. */
  readonly authToken: string | null;
  /** What Keystone tells besides, for rules of policy that ask for it. */
  readonly userDomainId?: string | null;
  readonly projectDomainId?: string | null;
  /** Of a token for a domain. */
  readonly domainId?: string | null;
  /** `all`: a token for the whole system. */
  readonly systemScope?: string | null;
  readonly isAdminProject?: boolean;
  /** The service that passes a user's request on, by its own token. */
  readonly serviceUserId?: string | null;
  readonly serviceProjectId?: string | null;
  readonly serviceRoles?: readonly string[];
  /** Asking must change nothing, as a dry run does (oslo.context's `read_only`); false when absent. */
  readonly readOnly?: boolean;
}

/** A new `req-<uuid>`. */
export function newRequestId(): string {
  return `req-${randomUUID()}`;
}

/** The id that a client gives (`X-OpenStack-Request-ID`), so that several services share one; anything else is nothing. */
export function globalRequestId(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^req-[0-9a-f-]{36}$/i.test(header) ? header : null;
}

/** The context of a program acting for itself: admin, of no project. */
export function adminContext(requestId: string = newRequestId()): Context {
  return {
    requestId,
    globalRequestId: null,
    userId: null,
    userName: null,
    projectId: null,
    projectName: null,
    roles: [],
    isAdmin: true,
    authToken: null,
  };
}

/** The context of a program that wants to know and to change nothing. */
export function readOnlyContext(): Context {
  return { ...adminContext(), readOnly: true };
}

/** Whether the caller sees every project's resources, as administrators and other services do. */
export function seesEverything({ isAdmin, roles }: Context): boolean {
  return isAdmin || roles.includes('service') || roles.includes('advsvc');
}
