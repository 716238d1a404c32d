import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Input } from '../contract.ts';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';
import { type Routed, routed } from '../floatingip/routed.ts';
import type { MeteringLabel, MeteringLabelRule } from './storage.ts';

let f: Fixture;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'metering'] } });
});
afterEach(() => f[Symbol.asyncDispose]());

const labels = () => f.plugin.collections.metering_labels!;
const rules = () => f.plugin.collections.metering_label_rules!;
const label = (input: Input = {}): Promise<MeteringLabel> =>
  labels().create!(f.context, { project_id: 'p1', name: 'm', ...input });
const rule = (metering_label_id: string, input: Input): Promise<MeteringLabelRule> =>
  rules().create!(f.context, { metering_label_id, direction: 'ingress', ...input });

describe('a label', () => {
  it('is made, shown and deleted', async () => {
    const made = await label({ description: 'to the world' });
    expect(made).toEqual({
      ...{ id: made.id, name: 'm', description: 'to the world', shared: false, project_id: 'p1', tenant_id: 'p1' },
    });
    expect(await labels().get(f.context, made.id)).toEqual(made);
    expect(await all(labels(), {}, member('p1'))).toEqual([made]);
    expect(await all(labels(), {}, member('p2'))).toEqual([]);
    await labels().delete!(f.context, made.id);
    expect(await failure(labels().get(f.context, made.id))).toEqual({
      type: 'MeteringLabelNotFound',
      message: `Metering label '${made.id}' does not exist.`,
    });
  });

  it('takes its rules along', async () => {
    const { id } = await label();
    await rule(id, { source_ip_prefix: '10.0.0.0/24' });
    await labels().delete!(f.context, id);
    expect(await all(rules())).toEqual([]);
  });
});

describe('a rule', () => {
  it('is made, shown and deleted', async () => {
    const { id } = await label();
    const made = await rule(id, { source_ip_prefix: '10.0.0.0/24', destination_ip_prefix: '192.0.2.1' });
    expect(made).toEqual({
      ...{ id: made.id, metering_label_id: id, direction: 'ingress', excluded: false, remote_ip_prefix: null },
      ...{ source_ip_prefix: '10.0.0.0/24', destination_ip_prefix: '192.0.2.1/32' },
    });
    expect(await rules().get(f.context, made.id)).toEqual(made);
    await rules().delete!(f.context, made.id);
    expect(await failure(rules().get(f.context, made.id))).toEqual({
      type: 'MeteringLabelRuleNotFound',
      message: `Metering label rule '${made.id}' does not exist.`,
    });
  });

  it.each([[0], [''], [[]], [{}], [null]])('may say %j beside the older prefix', async (nothing) => {
    const { id } = await label();
    const made = await rule(id, { remote_ip_prefix: '10.0.0.0/24', source_ip_prefix: nothing });
    expect(made).toMatchObject({ remote_ip_prefix: '10.0.0.0/24', source_ip_prefix: null });
  });

  it('has the older prefix or the newer ones', async () => {
    const { id } = await label();
    const both = { remote_ip_prefix: '10.0.0.0/24', source_ip_prefix: '10.0.0.0/24' };
    expect(await failure(rule(id, both))).toMatchObject({
      type: 'Invalid',
      message: expect.stringMatching('Cannot use'),
    });
    expect(await failure(rule(id, {}))).toMatchObject({
      type: 'Invalid',
      message: expect.stringMatching('at least one'),
    });
    for (const wrong of ['10.0.0.0/33', 'x', 5, ['10.0.0.0/8'], { a: 1 }, true]) {
      expect((await failure(rule(id, { source_ip_prefix: wrong }))).type).toBe('Invalid');
    }
  });

  it('counts what no other of its label counts', async () => {
    const { id } = await label();
    await rule(id, { remote_ip_prefix: '10.0.0.0/24' });
    expect(await failure(rule(id, { remote_ip_prefix: '10.0.0.128/25' }))).toEqual({
      type: 'MeteringLabelRuleOverlaps',
      message: "Metering label rule with remote_ip_prefix '10.0.0.128/25' overlaps another.",
    });
    await rule(id, { remote_ip_prefix: '10.0.0.128/25', excluded: true });
    await rule(id, { remote_ip_prefix: '10.0.0.128/25', direction: 'egress' });
    await rule(id, { remote_ip_prefix: '2001:db8::/32' });
    await rule((await label()).id, { remote_ip_prefix: '10.0.0.0/8' });
  });

  it('belongs to a label that the caller sees', async () => {
    const { id } = await label();
    const asked = { metering_label_id: id, direction: 'ingress', source_ip_prefix: '10.0.0.0/24' };
    expect((await failure(rules().create!(member('p2', ['manager', 'member', 'reader']), asked))).type).toBe(
      'MeteringLabelNotFound',
    );
  });
});

it('agents of the routers that are counted hear of labels and rules', async () => {
  const world: Routed = await routed(f);
  await f.l3Agent('host1');
  await f.askL3('sync_routers', { host: 'host1', router_ids: [] });
  await f.askL3('get_router_ids', { host: 'host1' });
  await f.told();
  const told = async () => (await f.told()).filter(({ to }) => to === 'metering_agent.host1');
  const heard: { method: string; routers: string[] }[] = [];
  const after = async <T>(step: Promise<T>): Promise<T> => {
    const result = await step;
    for (const { method, args } of await told()) {
      heard.push({ method, routers: args.routers.map((router: { id: string }) => router.id) });
    }
    return result;
  };
  const { id } = await after(label());
  const made = await after(rule(id, { source_ip_prefix: '10.0.0.0/24' }));
  await after(rules().delete!(f.context, made.id));
  await after(labels().delete!(f.context, id));
  expect(heard).toEqual(
    ['add_metering_label', 'add_metering_label_rule', 'remove_metering_label_rule', 'remove_metering_label'].map(
      (method) => ({ method, routers: [world.router] }),
    ),
  );
});
