import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../lib/context.ts';
import type { Logger } from '../../lib/log.ts';
import type { CorePlugin } from '../../plugin/contract.ts';
import { outsideDocument, outsideMethodDocument, unauthorizedDocument } from '../documents.ts';
import { apiErrors } from '../errors.ts';
import type { Guard } from '../guard.ts';
import type { Authenticate } from '../identity.ts';
import type { Service } from '../pipeline.ts';
import { type PageAnswer, sendPage } from './answers.ts';
import { EventStreams } from './event-streams.ts';
import { BuiltFiles } from './files.ts';
import { commonHeaders } from './headers.ts';
import { pageOf } from './pages.ts';
import { permissionsOf } from './permissions.ts';
import { type AskIdentity, SignIn } from './sign-in.ts';
import { usageFor } from './usage.ts';

/** What the dashboard is given by the program. */
export interface DashboardOptions {
  /** Where its built files are, if it was built. */
  readonly folder: string;
  readonly version: string;
  /** How `neutrino plug` is called on this host, as words for a shell, told to administrators; null where it cannot put guests on ports. */
  readonly plugCommand?: string | null;
  /** How a browser comes by a token: from Keystone, one that its user knows, or there are none. */
  readonly signIn: 'none' | 'token' | 'keystone';
  /** Keystone, for those who sign in. */
  readonly askIdentity?: AskIdentity;
}

interface DashboardParts extends DashboardOptions {
  readonly service: Service;
  readonly news: CorePlugin['news'];
  readonly usage: CorePlugin['usage'];
  readonly guard: Guard;
  readonly authenticate: Authenticate;
  readonly logger: Logger;
  readonly answerError: (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown;
}

const PREFIX = '/dashboard/';

/**
 * Serves the dashboard below `/dashboard/`: its files, which everybody may have, the way to Keystone, and the stream of what
 * changes and what the rules permit, for those who are known. Everything else a page asks of `/v2.0` as any client does.
 *
 * @returns how to end it, before the server ends
 */
export function serveDashboard(app: FastifyInstance, parts: DashboardParts): { close(): void } {
  const { service, news, usage, guard, authenticate, logger } = parts;
  const files = new BuiltFiles(parts.folder);
  const signIn = parts.askIdentity === undefined ? null : new SignIn(parts.askIdentity);
  const streams = news === undefined ? null : new EventStreams({ news, service, authenticate, logger });
  const settings = json(200, JSON.stringify({ sign_in: parts.signIn, version: parts.version }));

  const openStream = async (request: FastifyRequest, reply: FastifyReply): Promise<PageAnswer | null> => {
    if (streams === null) return json(404, outsideDocument);
    if (!/text\/event-stream|\*\/\*/.test(request.headers.accept ?? '*/*')) throw apiErrors.HTTPNotAcceptable();
    const context = await authenticate(request.headers, request.id);
    request.caller = context;
    if (context === null) return json(401, unauthorizedDocument);
    // Who left meanwhile has no stream.
    if (!request.raw.destroyed) streams.open(request, reply, context);
    return null;
  };

  /** An answer for those who are known. */
  const tell = async (request: FastifyRequest, about: (context: Context) => Promise<object>): Promise<PageAnswer> => {
    const context = await authenticate(request.headers, request.id);
    request.caller = context;
    return context === null ? json(401, unauthorizedDocument) : json(200, JSON.stringify(await about(context)));
  };

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<PageAnswer | null> => {
    const { method, headers } = request;
    const body = request.body as Buffer | undefined;
    guard(headers, body !== undefined && body.length > 0);
    const path = request.raw.url!.replace(/\?.*$/s, '');
    const name = path.slice(PREFIX.length);
    const passed = (await signIn?.answer({ method, name, headers, body })) ?? null;
    if (passed !== null) return passed;
    if (method !== 'GET' && method !== 'HEAD') return json(405, outsideMethodDocument);
    // By a path without a host, for whatever stands in front of us may call us by another name.
    if (path === '/dashboard') return { status: 308, headers: { ...commonHeaders, Location: 'dashboard/' }, body: '' };
    if (name === 'config.json') return settings;
    if (/^permissions(\/|$)/.test(name)) {
      const target = request.raw.url!.slice(PREFIX.length);
      return tell(request, (context) => permissionsOf(service, context, target));
    }
    if (name === 'usage' && usage !== undefined) return tell(request, (context) => usageFor(service, context, usage));
    if (name === 'plug')
      return tell(request, async ({ isAdmin }) => ({ command: (isAdmin && parts.plugCommand) || null }));
    if (name === 'events') return method === 'GET' ? openStream(request, reply) : json(405, outsideMethodDocument);
    return (await pageOf(files, name, headers)) ?? json(404, outsideDocument);
  };

  const handle = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const found = await answer(request, reply);
      if (found !== null) sendPage(request, reply, found);
    } catch (error) {
      parts.answerError(error, request, reply);
    }
    return reply;
  };
  for (const path of ['/dashboard', `${PREFIX}*`]) app.all(path, handle);
  return { close: () => streams?.close() };
}

/** Whether it is a browser that asks, for a page: programs do not name HTML. */
export function wantsPage({ method, headers }: FastifyRequest): boolean {
  const names = (headers.accept ?? '').split(',').map((range) => range.split(';')[0]!.trim().toLowerCase());
  return method === 'GET' && headers['x-auth-token'] === undefined && names.includes('text/html');
}

function json(status: number, body: string): PageAnswer {
  return {
    status,
    headers: { ...commonHeaders, 'Content-Type': 'application/json', 'Cache-Control': 'no-store' },
    body,
  };
}
