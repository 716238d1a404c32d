import { type Context, newRequestId } from '../lib/context.ts';

const PREFIX = '_context_';

/**
 * A context as oslo.context flattens it into a message: one key per field, all present. What we do not keep (domains,
 * system scope) is null, and the older names (`user`, `tenant_id` …) repeat the newer ones.
 */
export function contextToWire(context: Context, now: Date = new Date()): Record<string, unknown> {
  const { userId, userName, projectId, projectName } = context;
  const fields: Record<string, unknown> = {
    user: userId,
    user_id: userId,
    user_name: userName,
    project: projectId,
    project_id: projectId,
    project_name: projectName,
    tenant_id: projectId,
    tenant_name: projectName,
    domain: null,
    user_domain: null,
    project_domain: null,
    system_scope: null,
    is_admin: context.isAdmin,
    is_admin_project: true,
    read_only: false,
    show_deleted: false,
    auth_token: context.authToken,
    request_id: context.requestId,
    global_request_id: context.globalRequestId,
    resource_uuid: null,
    roles: context.roles,
    user_identity: [userId, projectId, null, null, null].map((part) => part ?? '-').join(' '),
    timestamp: timestamp(now),
  };
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [PREFIX + key, value]));
}

/** The context of a received message. Unknown keys are accepted, missing ones are null; without a request id it gets one. */
export function contextFromWire(message: Readonly<Record<string, unknown>>): Context {
  const text = (...keys: string[]): string | null => {
    for (const key of keys) {
      const value = message[PREFIX + key];
      if (typeof value === 'string') return value;
    }
    return null;
  };
  const roles = message[`${PREFIX}roles`];
  return {
    requestId: text('request_id') ?? newRequestId(),
    globalRequestId: text('global_request_id'),
    userId: text('user_id', 'user'),
    userName: text('user_name'),
    projectId: text('project_id', 'tenant_id', 'project', 'tenant'),
    projectName: text('project_name', 'tenant_name'),
    roles: Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [],
    isAdmin: message[`${PREFIX}is_admin`] === true,
    authToken: text('auth_token'),
  };
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` */
function timestamp(moment: Date): string {
  return `${moment.toISOString().slice(0, -1).replace('T', ' ')}000`;
}
