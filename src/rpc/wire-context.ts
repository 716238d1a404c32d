import { type Context, newRequestId } from '../lib/context.ts';

const PREFIX = '_context_';

/**
 * A context as oslo.context flattens it into a message: one key per field, all present. What we do not keep (domains,
 * system scope) is null, and the older names (`user`, `tenant_id` …) repeat the newer ones. The caller's token is not sent,
 * and one that comes is not kept: whoever reads the queue could act as that user, and no agent needs it (CVE-2014-4615).
 */
export function contextToWire(context: Context, now: Date = new Date()): Record<string, unknown> {
  const { userId, userName, projectId, projectName } = context;
  return {
    _context_user: userId,
    _context_user_id: userId,
    _context_user_name: userName,
    _context_project: projectId,
    _context_project_id: projectId,
    _context_project_name: projectName,
    _context_tenant_id: projectId,
    _context_tenant_name: projectName,
    _context_domain: null,
    _context_user_domain: null,
    _context_project_domain: null,
    _context_system_scope: null,
    _context_is_admin: context.isAdmin,
    _context_is_admin_project: true,
    _context_read_only: context.readOnly === true,
    _context_show_deleted: false,
    _context_auth_token: null,
    _context_request_id: context.requestId,
    _context_global_request_id: context.globalRequestId,
    _context_resource_uuid: null,
    _context_roles: context.roles,
    _context_user_identity: [userId, projectId, null, null, null].map((part) => part ?? '-').join(' '),
    _context_timestamp: wireTimestamp(now),
  };
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
    authToken: null,
    ...(message[`${PREFIX}read_only`] === true ? { readOnly: true } : {}),
  };
}

/** `YYYY-MM-DD HH:MM:SS.ffffff` */
export function wireTimestamp(moment: Date): string {
  return `${moment.toISOString().slice(0, -1).replace('T', ' ')}000`;
}
