import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FloatingIp, Router } from '../../resources/shapes.ts';
import type { ExplainStep } from '../../rpc/contract.ts';
import type { Explanation } from '../contract.ts';
import { createFixture, type Fixture, failure } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture({ service: { service_plugins: ['router'] } });
});
afterEach(() => f[Symbol.asyncDispose]());

const call = (path: string, id: string, input = {}) =>
  f.plugin.routes[path]!({ context: f.context, params: { id }, input, parameters: [], ifRevision: null });
const explain = (collection: string, id: string) => call(`GET ${collection}/{id}/explain`, id) as Promise<Explanation>;
const make = (collection: string, input: object) =>
  f.plugin.collections[collection]!.create!(f.context, input as never);
const stateOf = ({ steps }: Explanation) => steps.map(({ step, state }) => `${step} ${state}`);

/** A router between a network outside and one inside, with its agent. */
async function connected(): Promise<{ router: Router; outside: string; inside: string }> {
  await f.l3Agent();
  const outside = (await f.network({ 'router:external': true })).id;
  await f.subnet(outside, { cidr: '203.0.113.0/24' });
  const inside = (await f.network()).id;
  const subnet = await f.subnet(inside);
  const router = (await make('routers', {
    project_id: 'p1',
    external_gateway_info: { network_id: outside },
  })) as unknown as Router;
  await call('PUT routers/{id}/add_router_interface', router.id, { subnet_id: subnet.id });
  await f.askL3('get_router_ids', { host: 'host1' });
  return { router, outside, inside };
}

/** An L3 agent of host1 that answers with these steps. */
async function answering(...steps: ExplainStep[]): Promise<unknown[]> {
  const asked: unknown[] = [];
  const explain_router = async (args: unknown) => {
    asked.push(args);
    return { steps };
  };
  await f.transport.listen('neutrino-explain', 'host1:l3', [{ version: '1.0', methods: { explain_router } }]);
  return asked;
}

const ok: ExplainStep = { step: 'namespace', state: 'ok', expected: 'a', found: 'a' };
const fault: ExplainStep = { step: 'rule', state: 'fault', expected: '-A x', found: 'no such rule', remedy: 'wait' };

describe('explaining a router', () => {
  it('that is attached to nothing says how to attach it', async () => {
    const { id } = await make('routers', { project_id: 'p1' });
    const explanation = await explain('routers', id as string);
    expect(explanation).toMatchObject({ router_id: id, verdict: 'waits' });
    expect(explanation.summary).toContain(`neutron router-interface-add ${id} SUBNET`);
  });

  it('that no agent serves says so', async () => {
    const network = await f.network();
    const subnet = await f.subnet(network.id);
    const { id } = await make('routers', { project_id: 'p1' });
    await call('PUT routers/{id}/add_router_interface', id as string, { subnet_id: subnet.id });
    const { verdict, summary } = await explain('routers', id as string);
    expect(verdict).toBe('broken');
    expect(summary).toMatch(/agent: .*no agent has it. start neutron-l3-agent/);
  });

  it('whose agent died says on which host', async () => {
    const { router } = await connected();
    f.clock.nowMs += 80_000;
    expect((await explain('routers', router.id)).summary).toMatch(
      /its agent on host1 is dead. start neutron-l3-agent on host1/,
    );
  });

  it('asks its agent, and names what that found', async () => {
    const { router } = await connected();
    const asked = await answering(ok, fault);
    const explanation = await explain('routers', router.id);
    expect(asked).toEqual([{ router_id: router.id }]);
    expect(explanation).toMatchObject({
      verdict: 'broken',
      summary: 'rule: expected -A x; found no such rule. wait',
    });
    expect(stateOf(explanation).slice(0, 3)).toEqual(['admin_state ok', 'connected ok', 'agent ok']);
  });

  it('names ports that are not ACTIVE', async () => {
    const { router } = await connected();
    await answering(ok);
    const { steps } = await explain('routers', router.id);
    const ports = steps.filter(({ step }) => step === 'port');
    expect(ports.length).toBeGreaterThan(0);
    expect(ports[0]!.remedy).toMatch(/^neutrino explain port /);
  });

  it('says so when the agent does not answer', async () => {
    const { router } = await connected();
    expect(stateOf(await explain('routers', router.id))).toContain('l3_agent_answer unknown');
  });

  it('that is switched off says how to switch it on', async () => {
    const { id } = await make('routers', { project_id: 'p1', admin_state_up: false });
    const { steps } = await explain('routers', id as string);
    expect(steps[0]).toMatchObject({ state: 'fault', remedy: `neutron router-update ${id} --admin-state-up True` });
  });

  it('needs the router', async () => {
    expect((await failure(explain('routers', 'nope'))).type).toBe('RouterNotFound');
  });
});

describe('explaining a floating IP', () => {
  const floating = async (outside: string, more = {}) =>
    (await make('floatingips', { project_id: 'p1', floating_network_id: outside, ...more })) as unknown as FloatingIp;

  it('that leads to nobody says how to associate it', async () => {
    const { outside } = await connected();
    const { id } = await floating(outside);
    const explanation = await explain('floatingips', id);
    expect(explanation).toMatchObject({ floatingip_id: id, verdict: 'waits' });
    expect(explanation.summary).toContain(`neutron floatingip-associate ${id} PORT`);
  });

  it('asks the agent of its router about it', async () => {
    const { router, outside, inside } = await connected();
    const port = await f.port(inside);
    const { id } = await floating(outside, { port_id: port.id });
    const asked = await answering(ok, fault);
    const explanation = await explain('floatingips', id);
    expect(asked).toEqual([{ router_id: router.id, floatingip_id: id }]);
    expect(explanation.verdict).toBe('broken');
    expect(stateOf(explanation)).toEqual([
      ...['associated ok', 'port waiting', 'router ok', 'agent ok'],
      ...['namespace ok', 'rule fault', 'status waiting'],
    ]);
  });

  it('needs the floating IP', async () => {
    expect((await failure(explain('floatingips', 'nope'))).type).toBe('FloatingIPNotFound');
  });
});
