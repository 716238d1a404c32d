import { readFileSync } from 'node:fs';
import type { Network } from '../../src/resources/shapes.ts';
import { type Deployment, makeDeployment } from '../../test/support/deployment.ts';
import { type EmulatedHost, type Lab, openLab } from '../../test/support/hosts.ts';
import { Program, writeConfig } from '../../test/support/programs.ts';

/** Our server on SQLite and the local bus, and a host whose second card is on the wire outside. */
export interface RouterSite extends AsyncDisposable {
  readonly lab: Lab;
  readonly deployment: Deployment;
  readonly host: EmulatedHost;
  readonly external: Network;
  readonly bridgeAgent: Program;
  readonly l3Agent: Program;
  /** What the L3 agent wrote since the beginning. */
  log(): string;
}

/** Where routers are laid and measured, whatever stands behind it. */
export interface RouterPlace {
  readonly deployment: Pick<Deployment, 'api'>;
  readonly lab: Pick<Lab, 'fabric'>;
  readonly host: EmulatedHost;
  readonly external: Network;
}

/** The end of the wire that is everybody outside; floating IPs are of its network. */
export const OUTSIDE = '198.18.0.1';

/** No limits, and agents that were seen once are alive: it is the host that is measured. */
const server = {
  DEFAULT: { service_plugins: 'router', agent_down_time: 100_000 },
  ml2: { flat_networks: '*' },
  quotas: {
    ...{ quota_network: -1, quota_subnet: -1, quota_port: -1, quota_router: -1, quota_floatingip: -1 },
    ...{ quota_security_group: -1, quota_security_group_rule: -1 },
  },
};

export async function openRouterSite(l3Options: Record<string, string | number | boolean>): Promise<RouterSite> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await openLab());
  const host = await lab.addHost({ name: 'net1', wires: ['ext'] });
  await lab.fabric.ipBatch([`addr add ${OUTSIDE}/15 dev ext`]);
  const deployment = undo.use(await makeDeployment({ folder: `${lab.folder}/state`, server }));
  await deployment.start();
  const agent = async (name: string, sections: Parameters<typeof writeConfig>[2], log: string): Promise<Program> => {
    const file = await writeConfig(host.folder, `${name}.conf`, {
      ...sections,
      DEFAULT: {
        state_path: `${host.folder}/agents`,
        host: host.name,
        transport_url: `local://${deployment.folder}/bus.sock`,
        log_file: log,
        ...sections.DEFAULT,
      },
    });
    return undo.use(new Program({ name, host, args: ['--config-file', file] }));
  };
  const l3Log = `${host.folder}/l3.log`;
  const bridge = { linux_bridge: { physical_interface_mappings: 'ext:eth1' } };
  const groups = { securitygroup: { enable_security_group: false } };
  const bridgeAgent = await agent('neutron-linuxbridge-agent', { ...bridge, ...groups }, `${host.folder}/bridge.log`);
  const l3Agent = await agent('neutron-l3-agent', { DEFAULT: { debug: true, ...l3Options } }, l3Log);
  for (const program of [bridgeAgent, l3Agent]) {
    program.start();
    await program.ready('alive', () => deployment.isAlive(program.name, host.name));
    await program.stop();
  }
  const external = await deployment.api.create('network', {
    'router:external': true,
    'provider:network_type': 'flat',
    'provider:physical_network': 'ext',
  });
  await deployment.api.create('subnet', {
    ...{ network_id: external.id, ip_version: 4, cidr: '198.18.0.0/15', gateway_ip: OUTSIDE, enable_dhcp: false },
  });
  const parts = undo.move();
  return {
    ...{ lab, deployment, host, external, bridgeAgent, l3Agent },
    log: () => readFileSync(l3Log, 'utf8'),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}
