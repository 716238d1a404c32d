/** Somebody by id, or by name in a domain. */
export interface Named {
  readonly id?: string | null;
  readonly name?: string | null;
  readonly domainId?: string | null;
  readonly domainName?: string | null;
}

/** What a token is to be for; without any Keystone gives the user's default project, or none. */
export interface Scope {
  readonly project?: Named | null;
  readonly domain?: { readonly id?: string | null; readonly name?: string | null } | null;
  readonly system?: string | null;
}

/** How to show who one is (Identity API v3, `POST /v3/auth/tokens`). */
export type Credentials =
  | { readonly method: 'password'; readonly user: Named; readonly password: string; readonly scope: Scope }
  | { readonly method: 'token'; readonly token: string; readonly scope: Scope }
  | {
      readonly method: 'application_credential';
      readonly id?: string | null;
      readonly name?: string | null;
      readonly secret: string;
      /** Needed with a name. */
      readonly user?: Named | null;
    };

/** The body of a request for a token. */
export function authBody(credentials: Credentials): object {
  switch (credentials.method) {
    case 'password': {
      const user = { ...named(credentials.user), password: credentials.password };
      return body({ methods: ['password'], password: { user } }, credentials.scope);
    }
    case 'token':
      return body({ methods: ['token'], token: { id: credentials.token } }, credentials.scope);
    case 'application_credential': {
      const { id, name, secret, user } = credentials;
      const which = id ? { id } : { name, user: named(user ?? {}) };
      // An application credential has its scope already; naming one is refused.
      return body({ methods: ['application_credential'], application_credential: { ...which, secret } }, {});
    }
  }
}

function body(identity: object, scope: Scope): object {
  const wanted = scopeOf(scope);
  return { auth: { identity, ...(wanted && { scope: wanted }) } };
}

function scopeOf({ project, domain, system }: Scope): object | null {
  if (system) return { system: { [system]: true } };
  if (project && (project.id || project.name)) return { project: named(project) };
  if (domain?.id) return { domain: { id: domain.id } };
  return domain?.name ? { domain: { name: domain.name } } : null;
}

/** By id alone, or by name with the domain, Keystone's `default` when none is named. */
function named({ id, name, domainId, domainName }: Named): object {
  if (id) return { id };
  return { name, domain: domainName && !domainId ? { name: domainName } : { id: domainId || 'default' } };
}
