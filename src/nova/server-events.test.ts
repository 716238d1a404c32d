import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeystoneClient } from '../keystone/client.ts';
import { FakeKeystone } from '../keystone/fake.ts';
import { credentialsFrom } from '../keystone/options.ts';
import { ServiceToken } from '../keystone/service-token.ts';
import type { ServerEvent } from '../lib/server-event.ts';
import { ServerEvents } from './server-events.ts';

let keystone: FakeKeystone;
let nova: Server;
let answer: { status: number; body: unknown };
let asked: { path: string; token: string; body: unknown }[];
let lines: { level: string; fields: object; message: string }[];
let client: KeystoneClient;
const opened: ServerEvents[] = [];

beforeEach(async () => {
  keystone = await FakeKeystone.start();
  [answer, asked, lines] = [{ status: 200, body: { events: [] } }, [], []];
  nova = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const token = String(request.headers['x-auth-token']);
    asked.push({ path: request.url!, token, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(keystone.tokens.has(token) ? answer.status : 401);
    response.end(answer.body === null ? '' : JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => nova.listen(0, '127.0.0.1', resolve));
  keystone.computeUrl = url('/v2.1/');
  client = new KeystoneClient(keystone.url);
});
afterEach(async () => {
  for (const events of opened.splice(0)) events.close();
  client.close();
  nova.closeAllConnections();
  await new Promise((resolve) => nova.close(resolve));
  await keystone[Symbol.asyncDispose]();
});

const url = (path: string) => `http://127.0.0.1:${(nova.address() as AddressInfo).port}${path}`;
const none = Object.fromEntries(
  ['user_id', 'token', 'project_id', 'project_domain_name', 'project_domain_id', 'user_domain_name', 'user_domain_id']
    .concat(['default_domain_name', 'default_domain_id', 'domain_id', 'domain_name', 'system_scope'])
    .concat(['application_credential_id', 'application_credential_name', 'application_credential_secret'])
    .map((option) => [option, null]),
);
const keep = (level: string) => (fields: object, message: string) => void lines.push({ level, fields, message });

function connect(endpoint: Partial<{ override: string; interface: string; region: string }> = {}): ServerEvents {
  const who = { auth_type: 'password', username: 'nova', password: 'secret', project_name: 'service' };
  const events = new ServerEvents({
    token: new ServiceToken(client, credentialsFrom({ ...none, ...who } as never)),
    http: {},
    endpoint: { override: null, interface: 'public', region: null, ...endpoint },
    logger: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
  });
  opened.push(events);
  return events;
}

const event: ServerEvent = { name: 'network-changed', server_uuid: 's', tag: 'p' };

describe('events', () => {
  it('go to the endpoint of the catalog, or to the one that is said', async () => {
    await connect().send([event], null);
    await connect({ override: url('/nova') }).send([event], 'req-1');
    expect(asked.map(({ path }) => path)).toEqual([
      '/v2.1/os-server-external-events',
      '/nova/os-server-external-events',
    ]);
    expect(asked[0]!.body).toEqual({ events: [event] });
  });

  it('wait where the catalog has no such endpoint, until it has', async () => {
    const events = connect({ region: 'Two' });
    await expect(events.send([event], null)).rejects.toThrow('no public compute endpoint in Two');
    keystone.computeUrl = null;
    const others = connect();
    await expect(others.send([event], null)).rejects.toThrow('no public compute endpoint');
    keystone.computeUrl = url('/v2.1');
    await others.send([event], null);
    expect(asked).toHaveLength(1);
  });

  it('are sent once more with another token, and then wait', async () => {
    const events = connect();
    await events.send([event], null);
    keystone.tokens.clear();
    await events.send([event], null);
    expect(new Set(asked.map(({ token }) => token)).size).toBe(2);
    answer.status = 401;
    await expect(events.send([event], null)).rejects.toThrow('Nova answered 401');
  });

  it.each([
    [200, { events: [{ ...event, code: 200 }] }, ['debug']],
    [
      207,
      {
        events: [
          { ...event, code: 404 },
          { ...event, code: 200 },
        ],
      },
      ['warn', 'debug'],
    ],
    [202, null, ['error']],
    [200, { events: 'nonsense' }, ['error']],
    [200, { events: [null] }, ['warn']],
    [400, { badRequest: { message: 'no' } }, ['error']],
    [404, { itemNotFound: { message: 'no' } }, ['debug']],
  ])('are done with after %i %j', async (status, body, levels) => {
    answer = { status, body };
    await connect().send([event], null);
    expect(lines.map(({ level }) => level)).toEqual(levels);
  });

  it.each([403, 409, 429, 500, 503])('wait after %i', async (status) => {
    answer = { status, body: { fault: { message: 'later' } } };
    await expect(connect().send([event], null)).rejects.toThrow(`Nova answered ${status}: later`);
  });
});
