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
async function bench() {
  const host = new FakeHost();
  await host.ensureNetns('qrouter-router');
  const kernel = { bytes: 0, isMade: false };
  const restored: string[] = [];
  host.exec.answer(([program = ''], { stdin }) => {
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
  await agent.start();
  const look = async (seconds = 0) => {
    clock.nowMs += seconds * 1000;
    await transport.tell('metering_agent', 'routers_updated', { routers: [] });
    await agent!.idle();
  };
  await look();
  return { kernel, transport, routers, restored, told, look };
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

  it('says who it is', async () => {
    const { transport } = await bench();
    expect(transport.argsOf('report_state')[0].agent_state.agent_state).toMatchObject({
      agent_type: 'Metering agent',
      configurations: { metering_driver: 'iptables', measure_interval: 30, report_interval: 300 },
    });
  });
});
