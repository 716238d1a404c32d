/** What Keystone says of a token: who, for what, with which roles, until when. */
export interface TokenFacts {
  readonly userId: string;
  readonly userName: string;
  readonly userDomainId: string | null;
  readonly userDomainName: string | null;
  readonly projectId: string | null;
  readonly projectName: string | null;
  readonly projectDomainId: string | null;
  readonly projectDomainName: string | null;
  readonly domainId: string | null;
  readonly domainName: string | null;
  /** `all` for tokens of the whole system; null for others. */
  readonly systemScope: string | null;
  readonly roles: readonly string[];
  readonly isAdminProject: boolean;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

export interface Endpoint {
  readonly interface: string;
  readonly region: string | null;
  readonly url: string;
}

export interface CatalogService {
  readonly type: string;
  readonly name: string | null;
  readonly endpoints: readonly Endpoint[];
}

// biome-ignore lint/suspicious/noExplicitAny: the answer of another server
type Json = any;

/** Reads the `token` of an answer of Identity v3. @throws Error for what is none */
export function tokenFacts(answer: Json): TokenFacts {
  const token = answer?.token;
  const expiresAtMs = Date.parse(token?.expires_at);
  if (typeof token?.user?.id !== 'string' || Number.isNaN(expiresAtMs)) throw new Error('Keystone sent no token');
  return {
    userId: token.user.id,
    userName: text(token.user.name) ?? '',
    userDomainId: text(token.user.domain?.id),
    userDomainName: text(token.user.domain?.name),
    projectId: text(token.project?.id),
    projectName: text(token.project?.name),
    projectDomainId: text(token.project?.domain?.id),
    projectDomainName: text(token.project?.domain?.name),
    domainId: text(token.domain?.id),
    domainName: text(token.domain?.name),
    systemScope: token.system?.all === true ? 'all' : null,
    roles: (token.roles ?? []).map((role: Json) => String(role.name)),
    // Absent when Keystone knows no administrative project: then every project may be one.
    isAdminProject: token.is_admin_project !== false,
    expiresAtMs,
  };
}

export function catalogOf({ token }: Json): CatalogService[] {
  return (token?.catalog ?? []).map((service: Json) => ({
    type: String(service.type),
    name: text(service.name),
    endpoints: (service.endpoints ?? []).map((endpoint: Json) => ({
      interface: String(endpoint.interface),
      region: text(endpoint.region_id) ?? text(endpoint.region),
      url: String(endpoint.url),
    })),
  }));
}

/** The URL of a service, or null: of the region when one is named, of the first that has it otherwise. */
export function endpointOf(
  catalog: readonly CatalogService[],
  wanted: { readonly type: string; readonly interface: string; readonly region?: string | null },
): string | null {
  const kind = wanted.interface.replace(/URL$/, '');
  for (const service of catalog) {
    if (service.type !== wanted.type) continue;
    const found = service.endpoints.find(
      (endpoint) => endpoint.interface === kind && (!wanted.region || endpoint.region === wanted.region),
    );
    if (found !== undefined) return found.url;
  }
  return null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
