import type { FastifyReply, FastifyRequest } from 'fastify';

export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Sends an answer of the dashboard; what has no body says so by its status. */
export function sendPage(request: FastifyRequest, reply: FastifyReply, { status, headers, body }: PageAnswer): void {
  const bytes = Buffer.byteLength(body);
  const length = status === 304 || status === 204 ? {} : { 'Content-Length': String(bytes) };
  reply.hijack();
  reply.raw.writeHead(status, { 'X-Openstack-Request-Id': request.id, ...headers, ...length });
  // Of HEAD, 204 and 304 node sends the headers only.
  reply.raw.end(body);
  request.server.tellAnswered(request, status, bytes);
}
