import { ApiError, errorOf } from '../api/client.ts';

export interface Project {
  readonly id: string;
  readonly name: string;
}

/** Who is signed in, and for which project. */
export interface Session {
  readonly token: string;
  readonly user: string;
  readonly project: Project;
  readonly projects: readonly Project[];
  /** When the token is over, ms since the epoch. */
  readonly untilMs: number;
}

export interface Password {
  readonly user: string;
  readonly password: string;
  /** Of user and project, by name. */
  readonly domain: string;
  /** By name; the user's own, or the first one, when empty. */
  readonly project: string;
}

interface Issued {
  readonly token: string;
  readonly about: {
    readonly user: { readonly name: string };
    readonly project?: Project;
    readonly expires_at: string;
  };
}

/** Keystone, as far as the server passes questions on. */
export class Identity {
  readonly #base: string;

  /** @param base what stands before `/auth/tokens` */
  constructor(base: string) {
    this.#base = base;
  }

  /**
   * Signs in by password. Keystone gives a user without a project of their own a token for none, with which nothing can be
   * seen: then it is one for their first project.
   *
   * @returns null when the user has no project at all
   * @throws ApiError what Keystone refuses
   */
  async signIn({ user, password, domain, project }: Password): Promise<Session | null> {
    const identity = { methods: ['password'], password: { user: { name: user, domain: { name: domain }, password } } };
    const scope = project === '' ? {} : { scope: { project: { name: project, domain: { name: domain } } } };
    const issued = await this.#issue({ identity, ...scope });
    const projects = await this.#projects(issued.token);
    if (issued.about.project !== undefined) return sessionOf(issued, projects);
    const [first] = projects;
    return first === undefined ? null : this.#scoped(issued.token, first.id, projects);
  }

  /** The same user in another project. */
  change(session: Session, projectId: string): Promise<Session | null> {
    return this.#scoped(session.token, projectId, session.projects);
  }

  /** Ends the token; that it cannot be ended is nobody's trouble, it ends by itself. */
  async signOut({ token }: Session): Promise<void> {
    await this.#ask('DELETE', '/auth/tokens', { 'X-Auth-Token': token, 'X-Subject-Token': token }).catch(() => {});
  }

  async #scoped(token: string, id: string, projects: readonly Project[]): Promise<Session | null> {
    const identity = { methods: ['token'], token: { id: token } };
    return sessionOf(await this.#issue({ identity, scope: { project: { id } } }), projects);
  }

  async #issue(auth: object): Promise<Issued> {
    const { headers, body } = await this.#ask('POST', '/auth/tokens', {}, { auth });
    return { token: headers.get('x-subject-token') ?? '', about: (body as { token: Issued['about'] }).token };
  }

  async #projects(token: string): Promise<Project[]> {
    const { body } = await this.#ask('GET', '/auth/projects', { 'X-Auth-Token': token });
    return (body as { projects: Project[] }).projects.map(({ id, name }) => ({ id, name }));
  }

  async #ask(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: object,
  ): Promise<{ headers: Headers; body: unknown }> {
    const json: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#base + path, {
        method,
        headers: { ...headers, ...json },
        ...(body && { body: JSON.stringify(body) }),
        cache: 'no-store',
      });
      text = await response.text();
    } catch (error) {
      throw new ApiError(0, 'NoAnswer', String((error as Error).message), '', null);
    }
    const value: unknown = text === '' ? null : JSON.parse(text);
    if (!response.ok) throw errorOf(response.status, value, response.headers.get('x-openstack-request-id'), text);
    return { headers: response.headers, body: value };
  }
}

function sessionOf({ token, about }: Issued, projects: readonly Project[]): Session | null {
  const { project, user, expires_at } = about;
  if (project === undefined) return null;
  return { token, user: user.name, project, projects, untilMs: Date.parse(expires_at) };
}
