import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import { type Figures, percentile, runLoad, type Server } from './load.ts';
import { medianFigures, type Report, renderTable } from './table.ts';

let port: number;
let connections = 0;
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (piece) => {
    body += piece;
  });
  request.on('end', () => {
    if (request.url === '/empty') response.writeHead(204).end();
    else if (request.url === '/bad') response.writeHead(409).end('no');
    else if (request.url === '/chunked') {
      response.write('one ');
      setImmediate(() => response.end(`two ${'x'.repeat(100_000)}`));
    } else response.end(`${request.method} ${request.headers['x-project-id'] ?? ''} ${body}`);
  });
}).on('connection', () => connections++);
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

it.each([true, false])('a connection sends and reads what it should, keep-alive %s', async (keepAlive) => {
  connections = 0;
  const connection = new Connection({ host: '127.0.0.1', port, keepAlive });
  const get = async (path: string, body = '') => {
    const answer = await connection.request(body ? 'POST' : 'GET', path, 'X-Project-Id: p\r\n', body);
    return [answer.status, answer.body.toString()];
  };
  expect(await get('/', 'hällo')).toEqual([200, 'POST p hällo']);
  expect(await get('/empty')).toEqual([204, '']);
  expect(await get('/chunked')).toEqual([200, `one two ${'x'.repeat(100_000)}`]);
  expect(await get('/bad')).toEqual([409, 'no']);
  connection.close();
  expect(connections).toBe(keepAlive ? 1 : 4);
});

it('a load counts requests and errors, and stops when there is nothing left', async () => {
  const target: Server = {
    url: new URL(`http://127.0.0.1:${port}`),
    headers: {},
    project: null,
    tenant: null,
    pids: [process.pid],
    beside: [],
    seed: null,
    throwaway: false,
  };
  const figures = await runLoad(target, {
    clients: 4,
    keepAlive: true,
    seconds: 60,
    next: (at) => (at < 20 ? { method: 'GET', path: at === 7 ? '/bad' : '/' } : null),
  });
  expect(figures).toMatchObject({ requests: 20, errors: 1, firstError: '409 no' });
  expect(figures.p50Ms).toBeGreaterThan(0);
  expect(figures.serverCpuMs).not.toBeNull();
  expect(figures.strangeCores).toBeGreaterThanOrEqual(0);
});

it('percentiles and medians are those of the list', () => {
  expect(percentile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(percentile([1, 2, 3, 4], 0.99)).toBe(4);
  const figures = (perSecond: number): Figures => ({
    requests: 1,
    errors: 0,
    firstError: null,
    perSecond,
    p50Ms: 1,
    p99Ms: 1,
    maxMs: 1,
    serverCpuMs: null,
    clientCores: 0.1,
    strangeCores: 0,
  });
  expect(medianFigures([figures(9), figures(1), figures(5)]).perSecond).toBe(5);
});

it('the table shows ratios, and marks rows that the client bound', () => {
  const figures: Figures = {
    requests: 100,
    errors: 0,
    firstError: null,
    perSecond: 1000,
    p50Ms: 1,
    p99Ms: 2,
    maxMs: 3,
    serverCpuMs: 0.4,
    clientCores: 0.8,
    strangeCores: 0.25,
  };
  const report = {
    label: 'ours',
    what: 'SQLite',
    clients: 8,
    keepAlive: true,
    runs: 3,
    rows: { 'show port': figures },
    coldStartMs: 300,
    idlePssMb: null,
  } as unknown as Report;
  const other = { ...report, label: 'theirs', rows: { 'show port': { ...figures, perSecond: 100 } } };
  const table = renderTable(report, other);
  expect(table).toMatch(/show port .*1000.*0\.80 \(client-bound\).*0\.25.*100.*10(\.0)? ×/);
  expect(table).toContain('cold start to the first answer: 300 ms');
});
