import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { FakePlugin } from './fake-plugin.ts';
import { apiOptions } from './options.ts';
import { createApi } from './server.ts';

const logged: object[] = [];
const logger = { debug() {}, info() {}, warn() {}, error: (fields: object) => void logged.push(fields) };
const api = createApi({
  plugin: new FakePlugin(),
  logger,
  options: defaultValues(apiOptions, { bind_host: '127.0.0.1', bind_port: 0 }),
});
let port: number;
beforeAll(async () => {
  port = Number(new URL(await api.listen()).port);
});
afterAll(() => api.close());

async function say(bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  return text(socket);
}

it.each([
  ['no HTTP at all', 'hello\r\n\r\n', '400'],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: localhost\r\n: x\r\n\r\n', '400'],
  [
    'two lengths',
    'POST /v2.0/networks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    '400',
  ],
  ['headers without end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, '431'],
])('answers %s in the shape of the API', async (_, bytes, status) => {
  const answer = await say(bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(answer).toMatch(/X-Openstack-Request-Id: req-/);
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toHaveProperty('NeutronError.type', 'HTTPBadRequest');
});

it('closes the connection of a body over the limit and serves the next', async () => {
  const length = 20_000_000;
  const head = `POST /v2.0/networks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
  const answer = await say(head + 'x'.repeat(1000));
  expect(answer).toMatch(/^HTTP\/1.1 413 /);
  expect(answer).toMatch(/Connection: close/i);
  expect((await fetch(`http://127.0.0.1:${port}/v2.0/networks`)).status).toBe(200);
});

it('serves clients that send no Host', async () => {
  const answer = await say('GET / HTTP/1.0\r\n\r\n');
  expect(answer).toContain(`"href":"http://127.0.0.1:${port}/v2.0/"`);
});

it('makes no fuss of a client that goes away in the middle of its body', async () => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('POST /v2.0/networks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{');
  // An answer on another connection: the half request was read by then.
  await fetch(`http://127.0.0.1:${port}/`);
  socket.destroy();
  expect((await fetch(`http://127.0.0.1:${port}/v2.0/networks`)).status).toBe(200);
  expect(logged).toEqual([]);
});
