import { beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../lib/context.ts';
import { defineErrors } from '../lib/errors.ts';
import { defaultValues } from '../lib/options.ts';
import { FakePlugin } from './fake-plugin.ts';
import type { Gate } from './gate.ts';
import { apiOptions } from './options.ts';
import { type Api, createApi } from './server.ts';

let plugin: FakePlugin;
let told: [eventType: string, payload: unknown][];
let contexts: Context[];
let api: Api;

beforeEach(() => open());

function open(gate?: Gate): void {
  plugin = new FakePlugin();
  told = [];
  contexts = [];
  const tell = (context: Context, eventType: string, payload: string) => {
    contexts.push(context);
    told.push([eventType, JSON.parse(payload)]);
  };
  api = createApi({ plugin, options: defaultValues(apiOptions), notices: { tell }, ...(gate && { gate }) });
}

async function ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) {
  const headers = { host: '127.0.0.1', ...(body && { 'content-type': 'application/json' }) };
  const answer = await api.inject({
    method,
    url: `/v2.0/${path}`,
    headers,
    ...(body && { payload: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? null : JSON.parse(answer.body), answer };
}

const errors = defineErrors({ PolicyNotAuthorized: ['forbidden', 'no'] });
const types = () => told.map(([type]) => type);

describe('a change is told of before and after', () => {
  it('with what was asked and what was answered', async () => {
    const { body, answer } = await ask('POST', 'networks', { network: { name: 'one' } });
    expect(told).toEqual([
      ['network.create.start', { network: { name: 'one' } }],
      ['network.create.end', body],
    ]);
    const id = answer.headers['x-openstack-request-id'];
    expect(contexts.map(({ requestId }) => requestId)).toEqual([id, id]);
  });

  it('several under the name of many', async () => {
    const { body } = await ask('POST', 'networks', { networks: [{ name: 'a' }, { network: { name: 'b' } }] });
    expect(told).toEqual([
      ['network.create.start', { networks: [{ name: 'a' }, { network: { name: 'b' } }] }],
      ['network.create.end', body],
    ]);
    expect(body.networks).toHaveLength(2);
  });

  it('with the id of what is changed', async () => {
    const { id } = (await ask('POST', 'networks', { network: {} })).body.network;
    told.length = 0;
    const { body } = await ask('PUT', `networks/${id}`, { network: { name: 'other' } });
    expect(told).toEqual([
      ['network.update.start', { network: { name: 'other' }, id }],
      ['network.update.end', body],
    ]);
  });

  it('with what was deleted as it was', async () => {
    const { network } = (await ask('POST', 'networks', { network: { name: 'gone' } })).body;
    told.length = 0;
    expect((await ask('DELETE', `networks/${network.id}`)).status).toBe(204);
    expect(told).toEqual([
      ['network.delete.start', { network_id: network.id }],
      ['network.delete.end', { network, network_id: network.id }],
    ]);
  });

  it('without what stands beside the resource in the body', async () => {
    await ask('POST', 'networks', { network: { name: 'one' }, admin_password: 'hush' });
    expect(told[0]).toEqual(['network.create.start', { network: { name: 'one' } }]);
  });
});

describe('what is refused', () => {
  it('has no end, and where the input is wrong no start', async () => {
    expect((await ask('POST', 'networks', { network: { bogus: 1 } })).status).toBe(400);
    expect((await ask('PUT', 'networks/n', { network: { id: 'x' } })).status).toBe(400);
    expect(types()).toEqual([]);
    expect((await ask('PUT', 'networks/nowhere', { network: { name: 'x' } })).status).toBe(404);
    expect((await ask('DELETE', 'networks/nowhere')).status).toBe(404);
    plugin.networks.failure = new Error('a bug');
    expect((await ask('POST', 'networks', { network: {} })).status).toBe(500);
    expect(types()).toEqual(['network.update.start', 'network.delete.start', 'network.create.start']);
  });

  it('by a rule of policy was begun', async () => {
    const refuse = () => {
      throw errors.PolicyNotAuthorized();
    };
    open({ permit: refuse, look: () => ({ nothing: false, hidden: [], judges: false, see: async (items) => items }) });
    expect((await ask('POST', 'networks', { network: {} })).status).toBe(403);
    expect(types()).toEqual(['network.create.start']);
  });
});

it('an attribute that the caller may not see is not in the end of a change, but in that of a deletion', async () => {
  const blind = async (items: readonly Record<string, unknown>[]) => items.map(({ name: _, ...rest }) => rest);
  open({ permit: () => {}, look: () => ({ nothing: false, hidden: ['name'], judges: false, see: blind }) });
  const { network } = (await ask('POST', 'networks', { network: { name: 'inner' } })).body;
  await ask('DELETE', `networks/${network.id}`);
  expect(told[1]![1]).not.toHaveProperty('network.name');
  expect(told[3]![1]).toHaveProperty('network.name', 'inner');
});

it('nothing is told of looking', async () => {
  await ask('GET', 'networks');
  await ask('GET', 'networks/nowhere');
  expect(told).toEqual([]);
});
