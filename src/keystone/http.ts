import { readFileSync } from 'node:fs';
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';

/** How to reach a server: what TLS is to trust and show, and how long to wait. */
export interface HttpOptions {
  readonly cafile?: string | null;
  readonly certfile?: string | null;
  readonly keyfile?: string | null;
  readonly insecure?: boolean;
  /** Until the whole answer is there. */
  readonly timeoutMs?: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Parsed JSON; null when there was none. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the other side says; who asked checks it
  readonly body: any;
}

const DEFAULT_TIMEOUT_MS = 20_000;
/** No answer of Keystone is this long; a larger one is not read. */
const MOST_BYTES = 8 * 1024 * 1024;

/** JSON over HTTP, with connections that stay open. Plain node: `fetch` cannot be given certificates. */
export class HttpClient {
  readonly #options: HttpOptions;
  readonly #plain = new PlainAgent({ keepAlive: true });
  #tls: TlsAgent | null = null;

  constructor(options: HttpOptions = {}) {
    this.#options = options;
  }

  /** @throws Error when the other side cannot be reached, takes too long or speaks no HTTP */
  send(method: string, url: string, headers: Record<string, string> = {}, body?: unknown): Promise<HttpAnswer> {
    const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
    const target = new URL(url);
    const secure = target.protocol === 'https:';
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    return new Promise((resolve, reject) => {
      const sent = (secure ? tlsRequest : plainRequest)(target, {
        method,
        agent: secure ? this.#tlsAgent() : this.#plain,
        signal: AbortSignal.timeout(timeoutMs),
        headers: {
          Accept: 'application/json',
          ...(payload && { 'Content-Type': 'application/json', 'Content-Length': String(payload.length) }),
          ...headers,
        },
      });
      sent.once('error', (error) => {
        const why = error.name === 'TimeoutError' ? `no answer in ${timeoutMs / 1000} s` : error.message;
        reject(new Error(`${target.origin}: ${why}`, { cause: error }));
      });
      sent.once('response', (response) => readAnswer(response).then(resolve, reject));
      sent.end(payload);
    });
  }

  close(): void {
    this.#plain.destroy();
    this.#tls?.destroy();
  }

  #tlsAgent(): TlsAgent {
    const { cafile, certfile, keyfile, insecure } = this.#options;
    this.#tls ??= new TlsAgent({
      keepAlive: true,
      rejectUnauthorized: !insecure,
      ...(cafile && { ca: readFileSync(cafile) }),
      ...(certfile && { cert: readFileSync(certfile), key: readFileSync(keyfile ?? certfile) }),
    });
    return this.#tls;
  }
}

async function readAnswer(response: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).length;
    if (length > MOST_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  let body: unknown = null;
  try {
    body = text === '' ? null : JSON.parse(text);
  } catch {
    // An error page of something in between: the status says enough.
  }
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
