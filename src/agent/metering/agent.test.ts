import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import { defaultValues } from '../../lib/options.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { MeteringAgent } from './agent.ts';
import { meteringAgentOptions, meteringOptions } from './options.ts';

const label = { id: '5d1b6f40-3a1b-4b1c-9d1e-000000000001', rules: [] };
const chain = 'neutron-meter-l-5d1b6f40-3a1';
const router = { id: 'router', project_id: 'p1', gw_port_id: 'aaaaaaaa-aaaa', _metering_labels: [label] };

let agent: MeteringAgent | null = null;
afterEach(() => agent?.close());

/** The agent over one router whose label has counted what the test says. */
async function bench({ starts = true } = {}) {
  const host = new FakeHost();
  await host.ensureNetns('qrouter-router');
  const kernel = { bytes: 0, isMade: false, isBroken: false };
  const restored: string[] = [];
  host.exec.answer(([program = ''], { stdin }) => {
    if (kernel.isBroken) return { code: 4, stderr: 'broken' };
    if (program === 'iptables-restore') {
      kernel.isMade = stdin!.includes(`:${chain} `) || kernel.isMade;
      restored.push(stdin!);
    }
    const has = kernel.isMade ? `:${chain} - [0:0]\n[${kernel.bytes / 100}:${kernel.bytes}] -A ${chain}\n` : '';
    return program === 'iptables-save' ? { stdout: `*filter\n${has}COMMIT\n` } : undefined;
  });
  const routers = [router];
  const transport = new FakeTransport({ get_sync_data_metering: () => routers, report_state: 'new' });
  const clock = { nowMs: 1_000_000 };
  const told: { event: string; payload: Record<string, unknown> }[] = [];
  agent = new MeteringAgent({
    ...{ host: 'host1', transport, linux: host, logger: silentLogger, now: () => clock.nowMs },
    options: defaultValues(meteringOptions),
    agentOptions: defaultValues(meteringAgentOptions),
    notices: { tell: (_, event, payload) => void told.push({ event, payload: JSON.parse(payload) }) },
  });
  const look = async (seconds = 0) => {
    clock.nowMs += seconds * 1000;
    await transport.tell('metering_agent', 'routers_updated', { routers: [] });
    await agent!.idle();
  };
  if (starts) await agent.start();
  if (starts) await look();
  const fail = (isBroken: boolean) => void Object.assign(kernel, { isBroken });
  return { kernel, transport, routers, restored, told, look, break: fail };
}

describe('the metering agent', () => {
  it('makes the chains of the labels that the server names', async () => {
    const { restored } = await bench();
    expect(restored[0]).toContain(`-A ${chain}\n`);
  });

  it('tells what was counted, once, under the owner of the router', async () => {
    const { kernel, told, look } = await bench();
    kernel.bytes = 500;
    await look(100);
    kernel.bytes = 800;
    await look(250);
    expect(told).toEqual([
      {
        event: 'l3.meter',
        payload: {
          ...{ label_id: label.id, project_id: 'p1', tenant_id: 'p1', pkts: 8, bytes: 800, host: 'host1' },
          ...{ time: 250, first_update: 1100, last_update: 1350 },
        },
      },
    ]);
    kernel.bytes = 900;
    await look(300);
    expect(told[1]!.payload).toMatchObject({ pkts: 1, bytes: 100 });
  });

  it('counts on where the kernel began anew', async () => {
    const { kernel, told, look } = await bench();
    kernel.bytes = 500;
    await look(1);
    kernel.bytes = 200;
    await look(300);
    expect(told[0]!.payload).toMatchObject({ bytes: 700 });
  });

  it('counts what a label counted until it went, and takes its chains away', async () => {
    const { kernel, told, restored, routers, look } = await bench();
    await look(1);
    kernel.bytes = 400;
    routers.length = 0;
    await look(300);
    expect(told[0]!.payload).toMatchObject({ bytes: 400 });
    expect(restored.at(-1)).toContain(`-X ${chain}`);
  });

  it('tells what a start would change, without changing it', async () => {
    const { transport, restored } = await bench({ starts: false });
    const lines = await agent!.dryRun();
    expect(lines.filter((line) => line.includes(' iptables '))).toEqual([
      `qrouter-router: iptables :neutron-meter-r-5d1b6f40-3a1 - [0:0]`,
      `qrouter-router: iptables :${chain} - [0:0]`,
      `qrouter-router: iptables :neutron-meter-FORWARD - [0:0]`,
      `qrouter-router: iptables -A ${chain}`,
      `qrouter-router: iptables -A neutron-meter-FORWARD -j neutron-meter-r-5d1b6f40-3a1`,
      `qrouter-router: iptables -I FORWARD 1 -j neutron-meter-FORWARD`,
    ]);
    expect(restored).toEqual([]);
    expect(transport.argsOf('report_state')).toEqual([]);
  });

  it('says in figures what it counts, what was counted and how that goes', async () => {
    const { kernel, look, break: fail } = await bench();
    kernel.bytes = 500;
    await look(1);
    expect(agent!.statistics).toMatchObject({ routers: 1, labels: 1, failing: 0, packets: 5, bytes: 500, failed: 0 });
    expect(agent!.statistics.fullSyncAtMs).not.toBeNull();
    fail(true);
    await look(1);
    expect(agent!.statistics).toMatchObject({ failing: 1, failed: 1 });
    fail(false);
    await look(1);
    expect(agent!.statistics).toMatchObject({ failing: 0, failed: 1 });
  });

  it('says who it is', async () => {
    const { transport } = await bench();
    expect(transport.argsOf('report_state')[0].agent_state.agent_state).toMatchObject({
      agent_type: 'Metering agent',
      configurations: { metering_driver: 'iptables', measure_interval: 30, report_interval: 300 },
    });
  });
});
