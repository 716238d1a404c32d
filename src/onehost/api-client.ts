import { request } from 'node:http';

/** Where the API of an instance answers, and with which token, if any. */
export interface ApiAddress {
  host: string;
  port: number;
  token: string | null;
}

/** The API answered with an error, or did not answer. `status` is null when nobody did. */
export class ApiFailure extends Error {
  override name = 'ApiFailure';
  readonly status: number | null;

  constructor(message: string, status: number | null) {
    super(message);
    this.status = status;
  }
}

/** An address as a client reaches it: a server on all addresses is asked on loopback. */
export function clientHost(bindHost: string): string {
  if (bindHost === '0.0.0.0') return '127.0.0.1';
  return bindHost === '::' || bindHost === '[::]' ? '::1' : bindHost.replace(/^\[(.*)\]$/, '$1');
}

/** `http://127.0.0.1:9696` */
export function apiUrl({ host, port }: ApiAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** @throws ApiFailure */
export function getJson<T>(api: ApiAddress, path: string, timeoutMs = 5_000): Promise<T> {
  return exchange<T>(api, 'GET', path, undefined, timeoutMs);
}

/**
 * Whether guests reach each other only as their groups say: a server whose agents do not filter has an extension for it.
 *
 * @throws ApiFailure
 */
export async function isIsolated(api: ApiAddress): Promise<boolean> {
  const { extensions } = await getJson<{ extensions: { alias: string }[] }>(api, '/v2.0/extensions');
  return !extensions.some(({ alias }) => alias === 'neutrino-no-isolation');
}

/** @throws ApiFailure */
export function putJson<T>(api: ApiAddress, path: string, body: object, timeoutMs = 10_000): Promise<T> {
  return exchange<T>(api, 'PUT', path, JSON.stringify(body), timeoutMs);
}

function exchange<T>(
  api: ApiAddress,
  method: 'GET' | 'PUT',
  path: string,
  sent: string | undefined,
  timeoutMs: number,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const headers = {
      accept: 'application/json',
      ...(sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(sent) }),
      ...(api.token === null ? {} : { 'x-auth-token': api.token }),
    };
    const asking = request(
      { host: api.host, port: api.port, method, path, headers, timeout: timeoutMs, agent: false },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => {
          try {
            const body = JSON.parse(text);
            if (answer.statusCode === 200) resolve(body as T);
            else
              reject(
                new ApiFailure(
                  body?.NeutronError?.message ?? body?.error?.message ?? `HTTP ${answer.statusCode}`,
                  answer.statusCode!,
                ),
              );
          } catch {
            reject(
              new ApiFailure(`HTTP ${answer.statusCode} with something that is no JSON`, answer.statusCode ?? null),
            );
          }
        });
        answer.on('error', (error) => reject(new ApiFailure(error.message, null)));
      },
    );
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    asking.on('error', (error) => reject(new ApiFailure(`${apiUrl(api)} does not answer: ${error.message}`, null)));
    asking.end(sent);
  });
}
