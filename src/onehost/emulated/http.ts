import { type IncomingHttpHeaders, request } from 'node:http';

// biome-ignore lint/suspicious/noExplicitAny: whoever reads an answer of a server checks its shape by using it
export type Json = any;

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  /** The body's text. */
  text: string;
  /** The body as JSON; null when it is empty or no JSON. */
  body: Json;
}

/** Where a server is: a port of this machine's loopback, or a unix socket that leads into an emulated host. */
export type Where = { port: number } | { socketPath: string };

/** One HTTP request, exactly as given: nothing is added but what HTTP needs. */
export function httpRequest(
  where: Where,
  {
    method,
    path,
    headers = {},
    body,
  }: { method: string; path: string; headers?: Record<string, string>; body?: string | Uint8Array | undefined },
  timeoutMs = 30_000,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const target =
      'port' in where ? { host: '127.0.0.1', port: where.port } : { socketPath: where.socketPath, host: 'localhost' };
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const outgoing = request(
      { ...target, method, path, headers: { ...length, ...headers }, agent: false, timeout: timeoutMs },
      (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', reject);
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8');
          resolve({ status: answer.statusCode!, headers: answer.headers, text, body: parse(text) });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: no answer in ${timeoutMs} ms`)));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
