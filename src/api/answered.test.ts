import { expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { resources } from '../resources/registry.ts';
import { type Answered, accessLog, resourceLabel } from './answered.ts';
import { FakePlugin } from './fake-plugin.ts';
import { apiOptions } from './options.ts';
import { serveResources } from './served-resource.ts';
import { createApi } from './server.ts';

const everything = new Set(resources.flatMap(({ extension }) => extension ?? []));
const served = serveResources(resources, everything);

it.each([
  ['/', 'versions'],
  ['/v2.0', 'resources'],
  ['/v2.0/', 'resources'],
  ['/v2.0/extensions/agent', 'extensions'],
  ['/v2.0/ports', 'ports'],
  ['/v2.0/ports.json?name=x/y', 'ports'],
  ['/v2.0/security-groups/6e4f/', 'security_groups'],
  ['/v2.0/ports/6e4f/bindings/host1/activate', 'ports/bindings'],
  ['/v2.0/ports/6e4f/explain', 'ports'],
  ['/v2.0/quotas/p1/default', 'quotas'],
  ['/v2.0/"}\nneutron_up 0', 'other'],
  ['/v2.0/__proto__', 'other'],
  ['/healthcheck?detailed', 'healthcheck'],
  ['/docs/ports', 'docs'],
  ['/favicon.ico', 'other'],
])('of %j the figures say %j', (target, label) => {
  expect(resourceLabel(target, served)).toBe(label);
});

it('tells of each answer once, with who asked and what came of it', async () => {
  const told: Answered[] = [];
  const plugin = new FakePlugin();
  const api = createApi({
    plugin,
    protection: 'off',
    options: defaultValues(apiOptions),
    onAnswer: (answered) => void told.push(answered),
  });
  const answer = await api.inject({ url: '/v2.0/ports?limit=1', headers: { 'x-project-id': 'p1' } });
  await api.inject('/v2.0/nonsense');
  await api.inject('/nowhere');
  plugin.ports.failure = new Error('a bug');
  await api.inject('/v2.0/ports');
  expect(told).toMatchObject([
    { method: 'GET', target: '/v2.0/ports?limit=1', resource: 'ports', status: 200, caller: { projectId: 'p1' } },
    { resource: 'other', status: 404 },
    { resource: 'other', status: 404, caller: null },
    { resource: 'ports', status: 500 },
  ]);
  expect(told[0]).toMatchObject({ requestId: answer.headers['x-openstack-request-id'], bytes: answer.body.length });
  expect(told.every(({ ms }) => ms > 0 && ms < 10_000)).toBe(true);
  await api.close();
});

it('logs answers, those to load balancers only for debugging', () => {
  const lines: unknown[] = [];
  const level = (name: string) => (fields: object, message: string) => void lines.push([name, message, fields]);
  const [debug, info, warn, error] = ['debug', 'info', 'warn', 'error'].map(level);
  const log = accessLog({ debug: debug!, info: info!, warn: warn!, error: error! });
  const answered = { requestId: 'req-1', caller: null, method: 'GET', status: 200, bytes: 9, ms: 1.2345 };
  log({ ...answered, target: '/v2.0/ports', resource: 'ports' });
  log({ ...answered, target: '/healthcheck', resource: 'healthcheck' });
  const fields = { request_id: 'req-1', method: 'GET', status: 200, bytes: 9, ms: 1.23 };
  expect(lines).toEqual([
    ['info', 'answered', { ...fields, path: '/v2.0/ports' }],
    ['debug', 'answered', { ...fields, path: '/healthcheck' }],
  ]);
});
