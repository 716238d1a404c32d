import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type InjectOptions,
  type LightMyRequestResponse,
} from 'fastify';
import { newRequestId } from '../lib/context.ts';
import { NeutronError } from '../lib/errors.ts';
import { type Logger, silentLogger } from '../lib/log.ts';
import { defaultValues } from '../lib/options.ts';
import type { CorePlugin } from '../plugin/contract.ts';
import type { ResourceDefinition } from '../resources/contract.ts';
import { resources as allResources } from '../resources/registry.ts';
import { Announcer, type Notices } from './announcer.ts';
import { type Answered, onBehalfOf, watchAnswers } from './answered.ts';
import { answerBrokenHttp } from './broken-http.ts';
import { type DashboardOptions, serveDashboard, wantsPage } from './dashboard/dashboard.ts';
import { LoadMeter } from './dashboard/load-meter.ts';
import * as documents from './documents.ts';
import { apiErrors, renderError } from './errors.ts';
import { type Gate, openDoor } from './gate.ts';
import { type Guard, isLoopbackHost, loopbackGuard, openGuard } from './guard.ts';
import { Health, type HealthCheck } from './health.ts';
import { type Authenticate, noAuthentication } from './identity.ts';
import { linkBase } from './links.ts';
import { DoneNews } from './news.ts';
import {
  type ApiOptions,
  type BodyOptions,
  bodyOptions,
  type HealthOptions,
  healthOptions,
  pageLimit,
} from './options.ts';
import { type Answer, type Service, serve, splitTarget } from './pipeline.ts';
import { serveRoutes } from './routes.ts';
import { pageHeaders, selfDescription } from './self-description.ts';
import { keyOf, serveResources } from './served-resource.ts';

export interface ApiParts {
  readonly plugin: CorePlugin;
  readonly options: ApiOptions;
  readonly bodies?: BodyOptions;
  readonly health?: HealthOptions;
  /** What `/healthcheck` looks at; nothing when left out. */
  readonly checks?: readonly HealthCheck[];
  /** Who asks; everyone is admin when left out. */
  readonly authenticate?: Authenticate;
  /**
   * Without Keystone only loopback is served and browsers are kept out, unless this says otherwise:
   * `open` (`--insecure-open-api`) listens anywhere and takes any Host; `off` is for servers behind Keystone.
   */
  readonly protection?: 'loopback' | 'open' | 'off';
  /** Where Keystone is, for clients that come without a token; our own address when left out. */
  readonly challenge?: string;
  /** Who may do and see what; everybody everything when left out. */
  readonly gate?: Gate;
  /** Told of every change; nobody when left out. */
  readonly notices?: Notices | null;
  /** Pages for browsers; none when left out. */
  readonly dashboard?: DashboardOptions;
  readonly resources?: readonly ResourceDefinition[];
  /** Told of every answer: for the access log and for figures. */
  readonly onAnswer?: (answered: Answered) => void;
  readonly logger?: Logger;
}

export interface Api {
  /** Listens on `bind_host` and `bind_port`. @returns the base URL @throws what `listen` says (EADDRINUSE …) */
  listen(): Promise<string>;
  /** A request without a socket, for tests. */
  inject(options: InjectOptions | string): Promise<LightMyRequestResponse>;
  /** Answers what has begun, then stops. */
  close(): Promise<void>;
}

const JSON_TYPE = 'application/json';
const HEADER_LIMIT_BYTES = 65_536;
const REQUEST_TIMEOUT_MS = 120_000;

/** Routes have no JSON schemas of fastify's; loading its two compilers of them would be a tenth of a server's start. */
const noSchemas = () => () => {
  throw new Error('routes have no schemas');
};

/** The REST API of a plugin. Nothing listens yet. */
export function createApi(parts: ApiParts): Api {
  const { plugin, options, protection = 'loopback', logger = silentLogger } = parts;
  const bodies = parts.bodies ?? defaultValues(bodyOptions);
  const health = new Health(parts.checks ?? [], parts.health ?? defaultValues(healthOptions));
  const authenticate = parts.authenticate ?? noAuthentication();
  const guard: Guard =
    protection === 'off' ? openGuard : loopbackGuard(protection === 'open' ? null : options.bind_host);
  const { extensions } = plugin;
  // What the plugin does not keep does not exist, whatever is loaded.
  const definitions = parts.resources ?? allResources;
  const kept = definitions.filter((definition) =>
    Object.hasOwn(definition.parent === undefined ? plugin.collections : plugin.children, keyOf(definition)),
  );
  const resources = serveResources(kept, extensions);
  const described = serveResources(definitions, extensions);
  const service: Service = {
    resources,
    collections: plugin.collections,
    children: plugin.children,
    routes: serveRoutes(described.values(), plugin.routes, extensions),
    prefixes: new Set([...resources.values()].flatMap(({ definition }) => definition.prefix ?? [])),
    gate: parts.gate ?? openDoor,
    news: plugin.news === undefined ? null : new DoneNews(plugin.news),
    announcer: parts.notices ? new Announcer(parts.notices) : null,
    listRules: {
      validateFilters: options.filter_validation && extensions.has('filter-validation'),
      emptyStrings: extensions.has('empty-string-filtering'),
      maxLimit: pageLimit(options),
    },
    allowBulk: options.allow_bulk,
    linkPrefix: options.network_link_prefix,
  };

  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: bodies.max_request_body_size,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: options.client_socket_timeout * 1000,
    forceCloseConnections: 'idle',
    rewriteUrl: ({ url }) => withoutEmptySegments(url!),
    genReqId: newRequestId,
    requestIdHeader: false,
    return503OnClosing: false,
    http: { maxHeaderSize: HEADER_LIMIT_BYTES },
    routerOptions: { maxParamLength: HEADER_LIMIT_BYTES, querystringParser: () => ({}) },
    clientErrorHandler: answerBrokenHttp,
    frameworkErrors: (error, request, reply) => answerFrameworkError(error, request, reply, logger),
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  const { usage } = plugin;
  const meter =
    usage === undefined || parts.dashboard === undefined
      ? null
      : new LoadMeter({ note: (load) => usage.noteLoad(load), logger });
  watchAnswers(app, described, (answered) => {
    meter?.count(answered);
    parts.onAnswer?.(answered);
  });
  // Bytes as they come; reading them is the pipeline's, after it is known who asks.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => answerFrameworkError(error, request, reply, logger));

  app.all('/', async (request, reply) => {
    try {
      guard(request.headers, false);
      if (request.method !== 'GET' && request.method !== 'OPTIONS') {
        return send(request, reply, 405, documents.outsideMethodDocument);
      }
      if (parts.dashboard !== undefined && wantsPage(request)) {
        return send(request, reply, 302, '', { Location: 'dashboard/', Vary: 'Accept' });
      }
      return send(request, reply, 200, documents.versionsDocument(linkBase(linkSource(request), service.linkPrefix)));
    } catch (error) {
      return answerError(error, request, reply, logger);
    }
  });
  const describe = selfDescription({ service, extensions, tokens: parts.challenge !== undefined });
  const answerDescription = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      guard(request.headers, false);
      const read = request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS';
      if (!read) return send(request, reply, 405, documents.outsideMethodDocument);
      const { path } = splitTarget(request.raw.url!);
      const found = describe(path, linkBase(linkSource(request), service.linkPrefix));
      if (found === null) return send(request, reply, 404, documents.outsideDocument);
      return send(request, reply, 200, found.body, { 'Content-Type': found.type, ...pageHeaders });
    } catch (error) {
      return answerError(error, request, reply, logger);
    }
  };
  for (const path of ['/openapi.json', '/docs', '/docs/*']) app.all(path, answerDescription);
  app.all('/healthcheck', async (request, reply) => {
    const { method, headers, raw } = request;
    const detailed = splitTarget(raw.url!).parameters.some(([name]) => name === 'detailed');
    const { accept } = headers;
    const answer = await health.answer({ method, accept, detailed, port: raw.socket.localPort });
    return send(
      request,
      reply,
      answer.status,
      answer.body,
      answer.type === null ? {} : { 'Content-Type': answer.type },
    );
  });
  const dashboard =
    parts.dashboard === undefined
      ? null
      : serveDashboard(app, {
          ...parts.dashboard,
          ...{ service, news: plugin.news, usage, guard, authenticate, logger },
          answerError: (error, request, reply) => answerError(error, request, reply, logger),
        });
  const handle = (request: FastifyRequest, reply: FastifyReply) =>
    onBehalfOf(request, () => handleNamed(request, reply));
  const handleNamed = async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const body = request.body as Buffer | undefined;
      guard(request.headers, body !== undefined && body.length > 0);
      const known = authenticate(request.headers, request.id);
      const context = known instanceof Promise ? await known : known;
      request.caller = context;
      if (context === null) {
        const uri = parts.challenge ?? linkBase(linkSource(request), '');
        return send(request, reply, 401, documents.unauthorizedDocument, {
          'WWW-Authenticate': `Keystone uri="${uri}"`,
        });
      }
      const { path, parameters } = splitTarget(request.raw.url!);
      const fixed = answerDocument(service, extensions, request, path);
      if (fixed !== null) return send(request, reply, fixed.status, fixed.body);
      const answer = await serve(service, {
        method: request.method,
        headers: request.headers,
        local: localAddress(request.raw),
        path,
        parameters,
        body: body ?? null,
        context,
      });
      return send(request, reply, answer.status, answer.body);
    } catch (error) {
      return answerError(error, request, reply, logger);
    }
  };
  app.all('/v2.0', handle);
  app.all('/v2.0/*', handle);
  app.setNotFoundHandler((request, reply) =>
    // Below /v2.0/ every path has a route, but not for methods the framework does not know.
    request.url.startsWith('/v2.0/')
      ? answerError(apiErrors.HTTPMethodNotAllowed(), request, reply, logger)
      : send(request, reply, 404, documents.outsideDocument),
  );

  return {
    async listen() {
      const { bind_host: host, bind_port: port, backlog } = options;
      if (protection === 'loopback' && !isLoopbackHost(host)) {
        throw new Error(
          `without Keystone the API listens on loopback only, not on ${host}; --insecure-open-api lifts this`,
        );
      }
      await app.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port, backlog });
      const { address, family, port: actual } = app.server.address() as AddressInfo;
      return `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`;
    },
    inject: (request) => injectInto(app, request),
    close: () => {
      dashboard?.close();
      meter?.close();
      return app.close();
    },
  };
}

async function injectInto(app: FastifyInstance, request: InjectOptions | string): Promise<LightMyRequestResponse> {
  return app.inject(request);
}

/** The answers below `/v2.0` that no plugin is asked for. */
function answerDocument(
  service: Service,
  extensions: ReadonlySet<string>,
  request: FastifyRequest,
  path: string,
): Answer | null {
  if (path === '/v2.0') {
    const { method } = request;
    throw method === 'HEAD' || method === 'PATCH' ? apiErrors.HTTPMethodNotAllowed() : apiErrors.HTTPNotFound();
  }
  if (path === '/v2.0/') {
    if (request.method !== 'GET' && request.method !== 'OPTIONS') throw apiErrors.HTTPMethodNotAllowed();
    const base = linkBase(linkSource(request), service.linkPrefix);
    return { status: 200, body: documents.resourcesDocument(base, service.resources.values()) };
  }
  const match = path.startsWith('/v2.0/ext') ? /^\/v2\.0\/extensions(?:\/([^/]+?))?(?:\.json)?\/?$/.exec(path) : null;
  if (match === null) return null;
  const alias = match[1] ?? null;
  if (request.method === 'POST') return { status: 404, body: documents.extensionMissing(null) };
  if (request.method !== 'GET' && request.method !== 'OPTIONS') throw apiErrors.HTTPNotFound();
  if (alias === null) return { status: 200, body: documents.extensionsDocument(extensions) };
  const found = documents.extensionDocument(extensions, alias);
  return found === null ? { status: 404, body: documents.extensionMissing(alias) } : { status: 200, body: found };
}

/** An endpoint written with a final slash leads to `//v2.0/…`; upstream passes over empty segments. */
function withoutEmptySegments(target: string): string {
  if (!target.startsWith('/') || !target.includes('//')) return target;
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  return path.replace(/\/{2,}/g, '/') + target.slice(path.length);
}

/** Straight to the socket: the framework would name a charset, which upstream does not, and there is nothing to hook. */
function send(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  body: Answer['body'],
  more: Readonly<Record<string, string>> = {},
): FastifyReply {
  const headers: Record<string, string | number> = { 'X-Openstack-Request-Id': request.id, ...more };
  const bytes = isPieces(body) ? body.reduce((sum, { length }) => sum + length, 0) : Buffer.byteLength(body);
  if (status === 204) headers['Content-Length'] = 0;
  else {
    headers['Content-Type'] ??= JSON_TYPE;
    headers['Content-Length'] = bytes;
  }
  // The rest of a body that is too large is not read.
  if (status === 413) headers.Connection = 'close';
  reply.hijack();
  reply.raw.writeHead(status, headers);
  if (isPieces(body)) {
    for (const piece of body) reply.raw.write(piece);
    reply.raw.end();
    reply.raw.once('finish', () => body.forEach(giveBack));
  } else {
    reply.raw.end(body);
  }
  request.server.tellAnswered(request, status, bytes);
  return reply;
}

/**
 * Frees a large answer's memory as soon as it is sent. Left to the garbage collector ten megabytes per list mean a full
 * collection for every few of them, which holds the loop for 20 ms and more.
 */
function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

function isPieces(body: Answer['body']): body is readonly Uint8Array[] {
  return Array.isArray(body);
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): FastifyReply {
  const { status, body } = renderError(error);
  if (status >= 500) {
    const { id: request_id, method, url: path } = request;
    const stack = error instanceof Error && !(error instanceof NeutronError) ? { stack: error.stack } : {};
    logger.error({ request_id, method, path, error, ...stack }, 'request failed');
  }
  return send(request, reply, status, body, passes(error) ? { 'Retry-After': '1' } : {});
}

/** Whether the same request may succeed in a moment: Keystone is away, or a race was lost too often. */
function passes(error: unknown): boolean {
  return error instanceof NeutronError && error.type === 'ServiceUnavailable';
}

/** Faults the web framework finds before us: a body over the limit, a broken URL, a client that went away. */
function answerFrameworkError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  logger: Logger,
): FastifyReply {
  const { statusCode } = (error ?? {}) as { statusCode?: unknown };
  if (statusCode === 413) return answerError(apiErrors.HTTPRequestEntityTooLarge(), request, reply, logger);
  const itsFault = (typeof statusCode === 'number' && statusCode >= 400 && statusCode <= 499) || request.raw.destroyed;
  return answerError(
    itsFault ? apiErrors.HTTPBadRequest({ message: 'The request is malformed.' }) : error,
    request,
    reply,
    logger,
  );
}

function linkSource(request: FastifyRequest) {
  return { headers: request.headers, local: localAddress(request.raw) };
}

function localAddress({ socket }: IncomingMessage): string {
  const { localAddress: address = '127.0.0.1', localPort = 9696 } = socket;
  return `${address.includes(':') ? `[${address}]` : address}:${localPort}`;
}
