import { afterEach, beforeEach, expect, it } from 'vitest';
import { everything } from '../../lib/query.ts';
import type { Collection, Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';
import type { ConntrackHelper } from './conntrack-helpers.ts';

let f: Fixture;
let router: string;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'conntrack_helper'] } });
  router = (await f.plugin.collections.routers!.create!(f.context, { project_id: 'p1', name: 'r' })).id;
  f.transport.hears = () => true;
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const of = (id = router) => f.plugin.children['routers/conntrack_helpers']!(id) as Collection<ConntrackHelper>;
const make = (input: Input = {}) => of().create!(f.context, { protocol: 'udp', port: 69, helper: 'tftp', ...input });

it('a helper is made, shown, changed and deleted', async () => {
  const made = await make();
  expect(made).toEqual({ id: made.id, protocol: 'udp', port: 69, helper: 'tftp' });
  expect(await of().get(f.context, made.id)).toEqual(made);
  expect(await all(of(), { filters: { port: [69] } })).toEqual([made]);
  const shown = async () => (await f.plugin.collections.routers!.get(f.context, router)).conntrack_helpers;
  expect(await shown()).toEqual([{ protocol: 'udp', port: 69, helper: 'tftp' }]);
  expect(await of().update!(f.context, made.id, { port: 6969 })).toEqual({ ...made, port: 6969 });
  await of().delete!(f.context, made.id);
  expect(await shown()).toEqual([]);
  expect((await failure(of().get(f.context, made.id))).type).toBe('ConntrackHelperNotFound');
});

it('agents hear of each change, and may ask', async () => {
  const made = await make();
  const ask = () =>
    f.ask('bulk_pull', { resource_type: 'ConntrackHelper', version: '1.0', filter_kwargs: { router_id: [router] } });
  const [object] = await ask();
  expect(object['versioned_object.data']).toEqual({ ...made, router_id: router });
  await of().update!(f.context, made.id, { port: 6969 });
  await of().delete!(f.context, made.id);
  const pushed = (await f.told()).filter(({ to }) => to === 'neutron-vo-ConntrackHelper-1.0_fanout');
  expect(pushed.map(({ args }) => args.event_type)).toEqual(['created', 'updated', 'deleted']);
  expect(pushed[2]!.args.resource_list[0]['versioned_object.data']).toMatchObject({ router_id: router, port: 6969 });
});

it('only helpers that are allowed, for their protocols, once each', async () => {
  expect(await failure(make({ helper: 'frob' }))).toEqual({
    type: 'ConntrackHelperNotAllowed',
    message: 'Conntrack Helper frob is not allowed.',
  });
  expect(await failure(make({ helper: 'sip', protocol: 'sctp' }))).toEqual({
    type: 'InvalidProtocolForHelper',
    message: 'Conntrack Helper sip does not support: sctp. Supported protocols are: udp, tcp',
  });
  await make();
  expect((await failure(make())).type).toBe('BadRequest');
  const other = await make({ port: 70 });
  expect((await failure(of().update!(f.context, other.id, { port: 69 }))).type).toBe('BadRequest');
});

it('routers of others have none to be seen', async () => {
  const theirs = member('p2');
  expect((await failure(of().list(theirs, everything))).type).toBe('RouterNotFound');
  expect((await failure(of('6467eb18-75ae-4530-a39a-ed5c639f2c1f').get(f.context, router))).type).toBe(
    'RouterNotFound',
  );
});
