import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Cause, causedBy } from '../lib/cause.ts';
import { type Context, globalRequestId } from '../lib/context.ts';
import type { Logger } from '../lib/log.ts';
import type { ServedResource } from './served-resource.ts';

/** What is known of a request when its answer goes out. */
export interface Answered {
  readonly requestId: string;
  /** Null where nobody was asked who it is, or nobody is known. */
  readonly caller: Context | null;
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  /** The resource it is about, one of few: `ports`, `ports/bindings`, `extensions`, `other` … */
  readonly resource: string;
  readonly status: number;
  /** Of the answer's body. */
  readonly bytes: number;
  /** From the request's headers to the answer's: what the client's reading takes is not in it. */
  readonly ms: number;
}

declare module 'fastify' {
  interface FastifyInstance {
    tellAnswered(request: FastifyRequest, status: number, bytes: number): void;
  }
  interface FastifyRequest {
    startedMs: number;
    caller: Context | null;
  }
}

/** Has every answer told of, by the `send` of this folder. */
export function watchAnswers(
  app: FastifyInstance,
  resources: ReadonlyMap<string, ServedResource>,
  onAnswer: ((answered: Answered) => void) | undefined,
): void {
  app.decorateRequest('startedMs', 0);
  app.decorateRequest('caller', null);
  app.addHook('onRequest', (request, _reply, done) => {
    request.startedMs = performance.now();
    done();
  });
  app.decorate('tellAnswered', (request: FastifyRequest, status: number, bytes: number) => {
    onAnswer?.({
      requestId: request.id,
      caller: request.caller,
      method: request.method,
      target: request.raw.url!,
      resource: resourceLabel(request.raw.url!, resources),
      status,
      bytes,
      ms: performance.now() - request.startedMs,
    });
  });
}

/** Runs what a request asks for so that log lines and messages carry its id, and the one its client gave. */
export function onBehalfOf<T>(request: FastifyRequest, work: () => T): T {
  const globalId = globalRequestId(request.headers['x-openstack-request-id']);
  const cause: Cause = { requestId: request.id, globalRequestId: globalId };
  return causedBy([cause], work);
}

/** One line for each answer, as upstream's servers have: who asked for what, what was said, how long it took. */
export function accessLog(logger: Logger): (answered: Answered) => void {
  return ({ requestId: request_id, caller, method, target: path, resource, status, bytes, ms }) => {
    const who = caller && { user_id: caller.userId ?? undefined, project_id: caller.projectId ?? undefined };
    const fields = { request_id, method, path, status, bytes, ms: Math.round(ms * 100) / 100, ...who };
    // Load balancers ask every second.
    if (resource === 'healthcheck') logger.debug(fields, 'answered');
    else logger.info(fields, 'answered');
  };
}

const FIXED = new Map([
  ['', 'versions'],
  ['healthcheck', 'healthcheck'],
  ['openapi.json', 'docs'],
  ['docs', 'docs'],
  ['dashboard', 'dashboard'],
]);

/** Never what a client wrote itself: a name of the tables, or of what else there is. */
export function resourceLabel(target: string, resources: ReadonlyMap<string, ServedResource>): string {
  const mark = target.indexOf('?');
  const [first = '', second, , fourth] = (mark < 0 ? target : target.slice(0, mark)).slice(1).split('/');
  if (first !== 'v2.0') return FIXED.get(first) ?? 'other';
  const name = (second ?? '').replace(/\.json$/, '');
  if (name === '' || name === 'extensions') return name || 'resources';
  const resource = resources.get(name);
  if (resource === undefined) return 'other';
  const child = fourth === undefined ? undefined : resources.get(`${name}/${fourth.replace(/\.json$/, '')}`);
  return (child ?? resource).key;
}
