import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Input } from '../contract.ts';
import { createFixture, type Fixture } from '../fixture.ts';
import { type Routed, routed } from '../floatingip/routed.ts';

let f: Fixture;
let world: Routed;

beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router', 'metering'] } });
  await f.l3Agent();
  world = await routed(f);
  await f.told();
});
afterEach(() => f[Symbol.asyncDispose]());

const label = (input: Input = {}): Promise<{ id: string }> =>
  f.plugin.collections.metering_labels!.create!(f.context, { project_id: 'p1', name: 'web', ...input });
const rule = (metering_label_id: string, input: Input = {}): Promise<{ id: string }> =>
  f.plugin.collections.metering_label_rules!.create!(f.context, {
    ...{ project_id: 'p1', metering_label_id, direction: 'ingress', excluded: false },
    ...{ remote_ip_prefix: '10.0.0.0/24', ...input },
  });
const counted = (host = 'host1') => f.transport.tell('q-metering-plugin', 'get_sync_data_metering', { host });
const told = async () => (await f.told()).filter(({ to }) => to.startsWith('metering'));

/** The router with labels, as metering agents know it. */
const router = (...labels: object[]) => ({
  ...{ id: world.router, name: '', project_id: 'p1', admin_state_up: true, status: 'ACTIVE', distributed: false },
  gw_port_id: expect.any(String),
  _metering_labels: labels,
});

describe('a metering agent', () => {
  it('asks for the routers of its host, and what is counted there', async () => {
    const { id } = await label();
    const { id: shared } = await label({ project_id: 'other', shared: true, name: 'all' });
    await label({ project_id: 'other' });
    const { id: ofRule } = await rule(id);
    const [answer, ...more] = (await counted()) as ReturnType<typeof router>[];
    expect(more).toEqual([]);
    expect(answer).toEqual(router(...answer!._metering_labels));
    expect(answer!._metering_labels).toHaveLength(2);
    expect(answer!._metering_labels).toEqual(
      expect.arrayContaining([
        {
          ...{ id, name: 'web', shared: false },
          rules: [
            {
              ...{ id: ofRule, metering_label_id: id, direction: 'ingress', excluded: false },
              ...{ remote_ip_prefix: '10.0.0.0/24', source_ip_prefix: null, destination_ip_prefix: null },
            },
          ],
        },
        { id: shared, name: 'all', shared: true, rules: [] },
      ]),
    );
    expect(await counted('nohost')).toBeNull();
    await f.plugin.collections.routers!.update!(f.context, world.router, { admin_state_up: false });
    expect(await counted()).toEqual([]);
  });

  it('hears of labels and rules that come and go', async () => {
    const { id } = await label();
    const whole = (rules: object[]) => ({ id, name: 'web', shared: false, rules });
    expect(await told()).toEqual([
      { to: 'metering_agent.host1', method: 'add_metering_label', args: { routers: [router(whole([]))] } },
    ]);
    const made = await rule(id);
    const shown = {
      ...{ id: made.id, metering_label_id: id, direction: 'ingress', excluded: false },
      ...{ remote_ip_prefix: '10.0.0.0/24', source_ip_prefix: null, destination_ip_prefix: null },
    };
    expect(await told()).toEqual([
      {
        to: 'metering_agent.host1',
        method: 'add_metering_label_rule',
        args: { routers: [router({ id, rule: shown })] },
      },
    ]);
    await f.plugin.collections.metering_label_rules!.delete!(f.context, made.id);
    expect(await told()).toEqual([
      {
        to: 'metering_agent.host1',
        method: 'remove_metering_label_rule',
        args: { routers: [router({ id, rule: shown })] },
      },
    ]);
    await f.plugin.collections.metering_labels!.delete!(f.context, id);
    expect(await told()).toEqual([
      { to: 'metering_agent.host1', method: 'remove_metering_label', args: { routers: [router(whole([]))] } },
    ]);
  });

  it('hears nothing of labels that count nothing on its host', async () => {
    await label({ project_id: 'other' });
    await f.l3Agent('host2');
    expect(await told()).toEqual([]);
  });
});
