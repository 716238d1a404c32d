/** What the server refused, in its own words. */
export class ApiError extends Error {
  override name = 'ApiError';
  /** Neutron's type name (`OverlappingAllocationPools`), or `NoAnswer` when nothing came back. */
  readonly type: string;
  /** 0 when nothing came back. */
  readonly status: number;
  readonly detail: string;
  readonly requestId: string | null;

  constructor(status: number, type: string, message: string, detail: string, requestId: string | null) {
    super(message);
    this.status = status;
    this.type = type;
    this.detail = detail;
    this.requestId = requestId;
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Answer<T> {
  readonly body: T;
  readonly status: number;
  readonly requestId: string | null;
}

/** Where the API is: beside `/dashboard/`, whatever prefix the page was reached by. */
export function apiBase(): string {
  return location.origin + (location.pathname.split('/dashboard/')[0] ?? '').replace(/\/$/, '');
}

/** Headers of who asks; held in memory only, set by the sign-in. */
let credentials: Readonly<Record<string, string>> = {};
let whenUnauthorized: () => void = () => {};

/**
 * @param headers what every request carries (a token), or none
 * @param onUnauthorized called when the server no longer takes them
 */
export function setCredentials(headers: Readonly<Record<string, string>>, onUnauthorized: () => void = () => {}): void {
  credentials = headers;
  whenUnauthorized = onUnauthorized;
}

/** Whether requests carry a token, so that copied lines must. */
export function hasCredentials(): boolean {
  return Object.keys(credentials).length > 0;
}

/**
 * How long an answer is waited for, ms. Browsers wait for minutes on a way that swallows everything, and have six connections
 * for a server: with six that hang a page is dead, also when the way is back.
 */
const patienceMs: Readonly<Record<Method, number>> = { GET: 30_000, POST: 120_000, PUT: 120_000, DELETE: 120_000 };

/**
 * One request.
 * @param path below the server: `/v2.0/networks?limit=10`
 * @param ifRevision it is refused (412) when the thing has another revision
 * @throws ApiError for every refusal, and when nothing comes back
 */
export async function ask<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  ifRevision?: number,
): Promise<Answer<T>> {
  let response: Response;
  let text: string;
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), patienceMs[method]);
  try {
    response = await fetch(apiBase() + path, {
      method,
      headers: {
        ...credentials,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(ifRevision !== undefined && { 'If-Match': `revision_number=${ifRevision}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, waiting.signal]) : waiting.signal,
      credentials: 'same-origin',
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    const why = waiting.signal.aborted
      ? `no answer within ${patienceMs[method] / 1000} seconds`
      : String((error as Error).message);
    throw new ApiError(0, 'NoAnswer', why, '', null);
  } finally {
    clearTimeout(timer);
  }
  const requestId = response.headers.get('x-openstack-request-id');
  const value = parse(text);
  if (!response.ok) {
    if (response.status === 401) whenUnauthorized();
    throw errorOf(response.status, value, requestId, text);
  }
  return { body: value as T, status: response.status, requestId };
}

/** An answer without an end, as whoever asks. @returns also refusals; a 401 ends the sign-in as everywhere */
export async function openStream(path: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(apiBase() + path, {
    headers: { ...credentials, Accept: 'text/event-stream' },
    cache: 'no-store',
    credentials: 'same-origin',
    signal,
  });
  if (response.status === 401) whenUnauthorized();
  return response;
}

function parse(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** The error in any of the shapes the API answers: `{NeutronError: {…}}`, its members alone, Keystone's `{error: …}`. */
export function errorOf(status: number, value: unknown, requestId: string | null, text = ''): ApiError {
  const outer = (value ?? {}) as Record<string, unknown>;
  const inner = outer.NeutronError ?? outer.NotImplementedError ?? outer.error ?? outer;
  if (typeof inner === 'string') return new ApiError(status, 'Error', inner, '', requestId);
  const { type, message, detail } = inner as Record<string, unknown>;
  return new ApiError(
    status,
    typeof type === 'string' ? type : `HTTP ${status}`,
    typeof message === 'string' ? message : text.slice(0, 500),
    typeof detail === 'string' ? detail : '',
    requestId,
  );
}
