import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { QosPolicy } from '../../resources/shapes.ts';
import type { Input } from '../contract.ts';
import { createFixture, type Fixture, failure, member } from '../fixture.ts';
import { type Routed, routed } from '../floatingip/routed.ts';

let f: Fixture;
let world: Routed;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'qos'] } });
  world = await routed(f);
});
afterEach(() => f[Symbol.asyncDispose]());

const { stringify } = JSON;
const policy = (input: Input = {}): Promise<QosPolicy> =>
  f.plugin.collections.policies!.create!(f.context, { project_id: 'p1', name: 'slow', ...input });
const fips = () => f.plugin.collections.floatingips!;
const fip = (input: Input = {}) =>
  fips().create!(f.context, { project_id: 'p1', floating_network_id: world.outside.id, ...input });
const gateway = (more: Input) =>
  f.plugin.collections.routers!.update!(f.context, world.router, {
    external_gateway_info: { network_id: world.outside.id, ...more },
  });
const missing = '6467eb18-75ae-4530-a39a-ed5c639f2c1f';
const dropped = (id: string) => failure(f.plugin.collections.policies!.delete!(f.context, id));

describe('the policy of a floating IP', () => {
  it('is given, changed and taken', async () => {
    const [slow, fast] = [await policy(), await policy({ name: 'fast' })];
    const made = await fip({ qos_policy_id: slow.id });
    expect(made.qos_policy_id).toBe(slow.id);
    const other = await fips().update!(f.context, made.id, { qos_policy_id: fast.id });
    expect(other).toMatchObject({ qos_policy_id: fast.id, revision_number: 1 });
    expect(await fips().update!(f.context, made.id, { description: 'x' })).toMatchObject({ qos_policy_id: fast.id });
    expect(await fips().update!(f.context, made.id, { qos_policy_id: null })).toMatchObject({ qos_policy_id: null });
  });

  it('is one that its project sees', async () => {
    const foreign = await policy({ project_id: 'p2' });
    expect((await failure(fip({ qos_policy_id: missing }))).type).toBe('QosPolicyNotFound');
    const asked = { project_id: 'p1', floating_network_id: world.outside.id, qos_policy_id: foreign.id };
    expect((await failure(fips().create!(member('p1'), asked))).type).toBe('QosPolicyNotFound');
  });

  it('stays while it is used', async () => {
    const { id } = await policy();
    const { id: used } = await fip({ qos_policy_id: id });
    expect(await dropped(id)).toEqual({ type: 'QosPolicyInUse', message: `QoS Policy ${id} is used by fip ${used}.` });
    await fips().delete!(f.context, used);
    expect((await dropped(id)).type).toBe('nothing');
  });

  it('is shown beside that of the external network', async () => {
    const { id } = await policy();
    await f.plugin.collections.networks.update!(f.context, world.outside.id, { qos_policy_id: id });
    expect(await fip()).toMatchObject({ qos_policy_id: null, qos_network_policy_id: id });
  });
});

describe('the policy of a gateway', () => {
  it('is given, kept, taken, and goes with the gateway', async () => {
    const { id } = await policy();
    const shown = async (more: Input) => stringify((await gateway(more)).external_gateway_info);
    expect(await shown({ qos_policy_id: id })).toContain(id);
    expect(await shown({})).toContain(id);
    expect(await shown({ qos_policy_id: null })).not.toContain(id);
    await gateway({ qos_policy_id: id });
    expect((await dropped(id)).type).toBe('QosPolicyInUse');
    await f.plugin.collections.routers!.update!(f.context, world.router, { external_gateway_info: null });
    expect((await dropped(id)).type).toBe('nothing');
  });

  it('must be there', async () => {
    expect((await failure(gateway({ qos_policy_id: missing }))).type).toBe('QosPolicyNotFound');
  });
});
