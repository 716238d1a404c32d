import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Figures } from './figures.ts';

/** Prometheus asks one at a time; whoever opens more is no Prometheus. */
const MOST_CONNECTIONS = 20;
const REQUEST_LIMIT_MS = 10_000;
const MAX_HEADER_BYTES = 16_384;

export interface MetricsServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Answers `GET /metrics` with the figures, and everything else with 404: to whoever reaches the address, so it is
 * loopback's unless the operator says otherwise. No name of a host is looked at: there is nothing here that a page in
 * somebody's browser could read (no CORS) or change.
 *
 * @throws what `listen` says (EADDRINUSE …)
 */
export async function serveMetrics(
  figures: Pick<Figures, 'text'>,
  where: { host: string; port: number },
): Promise<MetricsServer> {
  const limits = {
    requestTimeout: REQUEST_LIMIT_MS,
    headersTimeout: REQUEST_LIMIT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const server = createServer({ ...limits, connectionsCheckingInterval: REQUEST_LIMIT_MS }, (request, response) => {
    void answer(figures, request, response);
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(where.port, where.host, resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  figures: Pick<Figures, 'text'>,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = url?.split('?')[0];
  const isAsked = path === '/metrics' && (method === 'GET' || method === 'HEAD');
  const text = isAsked ? await figures.text().catch(() => null) : '';
  const status = text === null ? 500 : isAsked ? 200 : 404;
  const type = isAsked ? 'text/plain; version=0.0.4; charset=utf-8' : 'text/plain';
  const body = Buffer.from(text ?? '');
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}
