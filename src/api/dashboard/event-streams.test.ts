import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { adminContext } from '../../lib/context.ts';
import { silentLogger } from '../../lib/log.ts';
import { News, type NewsItem } from '../../plugin/news/news.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import type { Authenticate } from '../identity.ts';
import type { Service } from '../pipeline.ts';
import { EventStreams } from './event-streams.ts';

/** Streams over real sockets, beside a service that knows one collection, whose objects go. */
const service = {
  resources: new Map([['ports', { member: 'port', filterable: new Map([['id', {}]]) }]]),
} as unknown as Service;
const gone = (id: string): NewsItem => ({ resource: 'ports', id, action: 'deleted', project_id: null });

let app: FastifyInstance;
let streams: EventStreams;
afterEach(async () => {
  streams.close();
  await app.close();
});

async function serve(parts: { authenticate?: Authenticate; beatMs?: number } = {}) {
  const news = new News({ transport: new FakeTransport(), logger: silentLogger, elapsed: () => performance.now() });
  const authenticate = parts.authenticate ?? (() => adminContext());
  streams = new EventStreams({ news, service, logger: silentLogger, ...parts, authenticate });
  app = Fastify();
  app.decorate('tellAnswered', () => {});
  app.get('/', async (request, reply) => {
    streams.open(request, reply, (await authenticate(request.headers, request.id))!);
    return reply;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const look = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', agent: false }, resolve).on('error', reject).end();
    });
  return { news, look };
}

function textOf(response: IncomingMessage): () => string {
  let text = '';
  response.setEncoding('utf8').on('data', (piece: string) => {
    // The end is enough.
    text = (text + piece).slice(-100_000);
  });
  response.on('error', () => {});
  return () => text;
}

describe('a page that does not read', () => {
  it('costs nothing however much happens, and is told to look anew when it reads again', async () => {
    const { news, look } = await serve();
    const [stuck, other] = [await look(), await look()];
    const read = textOf(other);
    const many = Array.from({ length: 1_900 }, (_, i) => gone(`${'x'.repeat(2_000)}${i}`));
    // Each round is some 4 MB to each page: the kernel takes one or two for the page that does not read, then it is stuck.
    for (let round = 0; round < 6; round++) {
      news.note([...many, gone(`round-${round}`)]);
      await eventually(() => expect(read()).toContain(`"round-${round}"`));
    }
    const late = textOf(stuck);
    await eventually(() => expect(late()).toContain('"action":"resync"'));
    expect(late()).not.toContain('"round-5"');
    news.note([gone('after')]);
    await eventually(() => expect(late()).toContain('"after"'));
  });

  it('for a minute is given up', async () => {
    const { news, look } = await serve({ beatMs: 20 });
    const stuck = await look();
    const closed = vi.fn();
    news.note(Array.from({ length: 1_999 }, (_, i) => gone(`${'x'.repeat(8_000)}${i}`)));
    await eventually(() => expect(news.wanted).toBe(false));
    stuck
      .on('error', () => {})
      .on('close', closed)
      .resume();
    await eventually(() => expect(closed).toHaveBeenCalled());
  });
});

describe('who looks on', () => {
  it('is asked again who it is, and not told more when the token is over', async () => {
    let known = true;
    const authenticate = vi.fn(() => (known ? adminContext() : null));
    const { look } = await serve({ authenticate, beatMs: 5 });
    const read = textOf(await look());
    await eventually(() => expect(authenticate.mock.calls.length).toBeGreaterThan(2));
    expect(read()).not.toContain('event: end');
    known = false;
    await eventually(() => expect(read()).toContain('event: end\ndata: {"reason":"token"}'));
  });

  it('stays known while Keystone cannot be asked', async () => {
    const authenticate = vi.fn(async () => {
      if (authenticate.mock.calls.length > 1) throw new Error('away');
      return adminContext();
    });
    const { news, look } = await serve({ authenticate, beatMs: 5 });
    const read = textOf(await look());
    await eventually(() => expect(authenticate.mock.calls.length).toBeGreaterThan(3));
    news.note([gone('p1')]);
    await eventually(() =>
      expect(read()).toContain('{"resource":"port","id":"p1","action":"deleted","revision":null}'),
    );
  });

  it('has 250 pages at most, and nobody is listened for when all are closed', async () => {
    const { news, look } = await serve();
    expect(news.wanted).toBe(false);
    const pages = await Promise.all(Array.from({ length: 250 }, look));
    expect(pages.every(({ statusCode }) => statusCode === 200)).toBe(true);
    expect((await look()).statusCode).toBe(500);
    for (const page of pages) page.on('error', () => {}).destroy();
    await eventually(() => expect(news.wanted).toBe(false));
  });
});
