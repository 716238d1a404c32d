import type { Json } from '../test/support/api.ts';
import { type Answer, Connection } from './connection.ts';
import { cpuMs, machineCpuMs } from './processes.ts';

/** Who asks. */
export interface Caller {
  /** Sent with every request. */
  headers: Record<string, string>;
  project: string;
}

export interface Server {
  url: URL;
  /** Sent with every request. */
  headers: Record<string, string>;
  /** The project that `headers` speak for; null when it is not known, and its limits are left as they are. */
  project: string | null;
  /** A member of another project; null where everybody is an administrator. */
  tenant: Caller | null;
  /** Its processes; empty when it runs elsewhere. */
  pids: readonly number[];
  /** Processes of what it works with: database, queue, Keystone. */
  beside: readonly number[];
  /** Makes or removes rows behind its back (`bench/peer/seed-peer.py`), where its API would take hours. */
  seed: ((...args: string[]) => Promise<void>) | null;
  /** Its state is thrown away, so that nothing needs to be removed. */
  throwaway: boolean;
}

/** The same server, asked by the other caller. */
export function as(caller: Caller, server: Server): Server {
  return { ...server, ...caller };
}

/** One operation: what each client sends, again and again. */
export interface Operation {
  clients: number;
  keepAlive: boolean;
  /** Null when there is nothing left to send. */
  next: (index: number) => { method: string; path: string; body?: unknown } | null;
  onAnswer?: (answer: Answer) => void;
  /** Ends after this time, but not before `least` requests; never more than `most`. */
  seconds: number;
  least?: number;
  most?: number;
}

export interface Figures {
  requests: number;
  errors: number;
  /** The first error's status and text. */
  firstError: string | null;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  /** CPU time of the server per request, in ms; null when its processes are not known. */
  serverCpuMs: number | null;
  /** Cores the load program kept busy. */
  clientCores: number;
  /** Cores that neither the client nor the server and what it works with kept busy: what ran beside the measurement. */
  strangeCores: number;
}

export async function runLoad(server: Server, operation: Operation): Promise<Figures> {
  const { clients, keepAlive, seconds, least = 5, most = Number.POSITIVE_INFINITY } = operation;
  const headers = headerLines(server);
  const latencies: number[] = [];
  let sent = 0;
  let errors = 0;
  let firstError: string | null = null;

  const serverCpu = server.pids.length > 0 ? cpuMs(server.pids) : null;
  const strange = () => machineCpuMs() - cpuMs([...server.pids, ...server.beside]);
  const strangeCpu = strange();
  const ownCpu = process.cpuUsage();
  const start = performance.now();
  const client = async (): Promise<void> => {
    const connection = new Connection({ host: server.url.hostname, port: Number(server.url.port), keepAlive });
    while (sent < most && (performance.now() - start < seconds * 1000 || sent < least)) {
      const request = operation.next(sent++);
      if (!request) break;
      const body = request.body === undefined ? '' : JSON.stringify(request.body);
      const from = performance.now();
      try {
        const answer = await connection.request(request.method, request.path, headers, body);
        latencies.push(performance.now() - from);
        if (answer.status >= 300) throw new Error(`${answer.status} ${answer.body.toString('utf8', 0, 200)}`);
        operation.onAnswer?.(answer);
      } catch (error) {
        errors++;
        firstError ??= (error as Error).message;
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: clients }, client));
  const wallMs = performance.now() - start;
  const cpu = process.cpuUsage(ownCpu);

  latencies.sort((a, b) => a - b);
  const good = latencies.length - errors;
  return {
    requests: latencies.length,
    errors,
    firstError,
    perSecond: Math.max(0, good) / (wallMs / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    maxMs: percentile(latencies, 1),
    serverCpuMs: serverCpu === null ? null : (cpuMs(server.pids) - serverCpu) / Math.max(1, latencies.length),
    clientCores: (cpu.user + cpu.system) / 1000 / wallMs,
    strangeCores: Math.max(0, (strange() - strangeCpu - (cpu.user + cpu.system) / 1000) / wallMs),
  };
}

/** One request, for preparing what is measured. @throws Error unless the answer is 2xx */
export async function call(server: Server, method: string, path: string, body?: unknown): Promise<Json> {
  const connection = new Connection({ host: server.url.hostname, port: Number(server.url.port), keepAlive: false });
  const answer = await connection.request(
    method,
    path,
    headerLines(server),
    body === undefined ? '' : JSON.stringify(body),
  );
  if (answer.status >= 300)
    throw new Error(`${method} ${path}: ${answer.status} ${answer.body.toString('utf8', 0, 300)}`);
  return answer.body.length > 0 ? JSON.parse(answer.body.toString('utf8')) : null;
}

function headerLines(server: Server): string {
  const all = { Accept: 'application/json', 'Content-Type': 'application/json', ...server.headers };
  return Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
