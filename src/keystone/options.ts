import type { Credentials, Scope } from './credentials.ts';

/** The options of keystoneauth that say who one is, as sections like `[keystone_authtoken]` have them. */
export interface AuthOptions {
  readonly auth_type: string | null;
  readonly username: string | null;
  readonly user_id: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly project_name: string | null;
  readonly project_id: string | null;
  readonly project_domain_name: string | null;
  readonly project_domain_id: string | null;
  readonly user_domain_name: string | null;
  readonly user_domain_id: string | null;
  readonly default_domain_name: string | null;
  readonly default_domain_id: string | null;
  readonly domain_id: string | null;
  readonly domain_name: string | null;
  readonly system_scope: string | null;
  readonly application_credential_id: string | null;
  readonly application_credential_name: string | null;
  readonly application_credential_secret: string | null;
}

/** What is missing or unknown in them; `option` is the one to mend. */
export class AuthOptionError extends Error {
  override name = 'AuthOptionError';
  readonly option: string;

  constructor(option: string, message: string) {
    super(message);
    this.option = option;
  }
}

/**
 * Credentials of a section. `auth_type` may be left out where a password is given, as old files do.
 * @throws AuthOptionError
 */
export function credentialsFrom(o: AuthOptions): Credentials {
  const type = (
    o.auth_type ?? (o.application_credential_secret ? 'v3applicationcredential' : 'password')
  ).toLowerCase();
  const user = {
    id: o.user_id,
    name: o.username,
    domainId: o.user_domain_id ?? (o.user_domain_name ? null : o.default_domain_id),
    domainName: o.user_domain_name ?? o.default_domain_name,
  };
  switch (type) {
    case 'password':
    case 'v3password': {
      if (!o.username && !o.user_id) throw new AuthOptionError('username', 'is needed with a password');
      if (o.password === null) throw new AuthOptionError('password', 'is needed');
      return { method: 'password', user, password: o.password, scope: scopeFrom(o) };
    }
    case 'token':
    case 'v3token':
      if (!o.token) throw new AuthOptionError('token', `is needed with auth_type = ${type}`);
      return { method: 'token', token: o.token, scope: scopeFrom(o) };
    case 'v3applicationcredential': {
      const { application_credential_id: id, application_credential_name: name } = o;
      if (!o.application_credential_secret) throw new AuthOptionError('application_credential_secret', 'is needed');
      if (!id && !name) throw new AuthOptionError('application_credential_id', 'is needed, or a name and a user');
      return { method: 'application_credential', id, name, secret: o.application_credential_secret, user };
    }
    default:
      throw new AuthOptionError(
        'auth_type',
        `${type} is not supported; there are password, token, v3applicationcredential`,
      );
  }
}

function scopeFrom(o: AuthOptions): Scope {
  return {
    system: o.system_scope,
    project: {
      id: o.project_id,
      name: o.project_name,
      domainId: o.project_domain_id ?? (o.project_domain_name ? null : o.default_domain_id),
      domainName: o.project_domain_name ?? o.default_domain_name,
    },
    domain: { id: o.domain_id, name: o.domain_name },
  };
}
