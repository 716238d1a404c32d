import { runNeutron } from './main.ts';
import { startTestApi, type TestApi } from './test-api.ts';

/** A network that is there. */
export const net = {
  id: '11111111-1111-4111-8111-111111111111',
  name: 'lan',
  tenant_id: 't1',
  subnets: ['s1', 's2'],
  shared: false,
  mtu: 1500,
};
const twin = (id: string) => ({ id, name: 'twin', tenant_id: 't1', subnets: [], shared: false, mtu: 1500 });

/** An API with a few things in it, and the client against it. */
export interface ClientStand {
  api: TestApi;
  /** Runs a command of the old client. */
  neutron(...argv: string[]): Promise<Ran>;
  /** Runs a program with variables of its own. */
  run(program: typeof runNeutron, argv: string[], env?: Record<string, string>): Promise<Ran>;
  /** Body of the last request that had one. */
  sent(): Record<string, Record<string, unknown>>;
}

interface Ran {
  code: number;
  out: string;
  err: string;
}

/** To be closed by its API. */
export async function openClientStand(): Promise<ClientStand> {
  const api = await startTestApi({
    networks: [net, twin('22222222-2222-4222-8222-222222222222'), twin('33333333-3333-4333-8333-333333333333')].map(
      (row) => ({ ...row }),
    ),
    subnets: [
      {
        id: 's1',
        name: 'four',
        cidr: '10.0.0.0/24',
        tenant_id: 't1',
        allocation_pools: [{ start: '10.0.0.2', end: '10.0.0.254' }],
      },
      { id: 's2', name: 'six', cidr: 'fd00::/64', tenant_id: 't1', allocation_pools: [] },
    ],
    ports: [],
    agents: [
      {
        id: 'a1',
        agent_type: 'DHCP agent',
        host: 'h1',
        availability_zone: 'nova',
        alive: true,
        admin_state_up: true,
        binary: 'neutron-dhcp-agent',
        topic: 'dhcp_agent',
      },
      {
        id: 'a2',
        agent_type: 'Linux bridge agent',
        host: 'h1',
        availability_zone: null,
        alive: false,
        admin_state_up: true,
        binary: 'neutron-linuxbridge-agent',
        topic: 'N/A',
      },
    ],
    extensions: [{ alias: 'agent', name: 'agent', links: [] }],
  });
  const run: ClientStand['run'] = async (program, argv, env = {}) => {
    let out = '';
    let err = '';
    const io = {
      stdout: (text: string) => {
        out += text;
      },
      stderr: (text: string) => {
        err += text;
      },
    };
    const code = await program(argv, { OS_AUTH_TYPE: 'none', OS_ENDPOINT: api.url, ...env }, io);
    return { code, out, err };
  };
  return {
    api,
    neutron: (...argv) => run(runNeutron, argv),
    run,
    sent: () => api.asked.findLast(({ body }) => body !== null)?.body as Record<string, Record<string, unknown>>,
  };
}
