import { LRUCache } from 'lru-cache';
import type { Context } from '../lib/context.ts';

/** What rules may ask of a caller, by the names oslo.policy has for it. */
export interface Credentials {
  /** The same for callers that no rule can tell apart. */
  readonly key: string;
  readonly roles: ReadonlySet<string>;
  /** `project_id`, `user_id`, `is_admin`, `service_roles` …; lists match when one of their members does. */
  readonly values: Readonly<Record<string, unknown>>;
}

const known = new WeakMap<Context, Credentials>();
/** By their key, for the next request of the same caller. */
const made = new LRUCache<string, Credentials>({ max: 1_000 });

export function credentialsOf(context: Context): Credentials {
  let credentials = known.get(context);
  if (credentials === undefined) {
    const { requestId: _r, globalRequestId: _g, authToken: _t, readOnly: _o, ...about } = context;
    const key = JSON.stringify(about);
    credentials = made.get(key) ?? make(key, about);
    made.set(key, credentials);
    known.set(context, credentials);
  }
  return credentials;
}

type About = Omit<Context, 'requestId' | 'globalRequestId' | 'authToken' | 'readOnly'>;

function make(key: string, about: About): Credentials {
  const { projectId, userId, roles, isAdmin, userName, projectName } = about;
  const extra = about as unknown as Readonly<Record<string, unknown>>;
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(extra)) values[snakeCase(name)] = value;
  Object.assign(values, {
    project_id: projectId,
    tenant_id: projectId,
    tenant: projectId,
    user_id: userId,
    user: userId,
    user_name: userName,
    project_name: projectName,
    tenant_name: projectName,
    roles,
    is_admin: isAdmin,
  });
  return {
    key,
    roles: new Set(roles.map((role) => role.toLowerCase())),
    values,
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
