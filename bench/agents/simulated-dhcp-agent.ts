import { Heartbeat } from '../../src/agent/heartbeat.ts';
import { adminContext } from '../../src/lib/context.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { type AgentState, DHCP_AGENT_VERSION, topics } from '../../src/rpc/contract.ts';
import { RpcPeer } from '../../src/rpc/peer.ts';
import type { Endpoint } from '../../src/rpc/transport.ts';
import { type Glance, SharedLink } from './shared-wire.ts';
import type { SimulatedAgentParts } from './simulated-agent.ts';

/** The DHCP agent that serves the network: says of each new port that its reservation stands. */
export class SimulatedDhcpAgent {
  readonly #parts: Pick<SimulatedAgentParts, 'host' | 'wire' | 'counts' | 'reportIntervalMs'>;
  #peer: RpcPeer | null = null;
  #heartbeat: Heartbeat | null = null;

  constructor(parts: Pick<SimulatedAgentParts, 'host' | 'wire' | 'counts' | 'reportIntervalMs'>) {
    this.#parts = parts;
  }

  get timeouts(): number {
    return this.#peer?.statistics.timeouts ?? 0;
  }

  async start(): Promise<void> {
    const { host, wire, counts, reportIntervalMs } = this.#parts;
    const glance: Glance = (topic) => {
      counts.deliveries[topic] = (counts.deliveries[topic] ?? 0) + 1;
      return true;
    };
    const peer = new RpcPeer(await SharedLink.open(wire, glance), silentLogger);
    this.#peer = peer;
    const ready = (ids: readonly string[]) =>
      peer.call({ topic: topics.plugin, version: '1.5' }, 'dhcp_ready_on_ports', { port_ids: ids }, adminContext());
    const methods: Endpoint['methods'] = {
      port_create_end: async ({ payload }: { payload: { port: { id: string } } }) => ready([payload.port.id]),
    };
    await peer.listen(topics.dhcpAgent, host, [{ version: DHCP_AGENT_VERSION, methods }]);
    this.#heartbeat = new Heartbeat({
      transport: peer,
      state: () => this.#state(),
      intervalMs: reportIntervalMs,
    });
    await this.#heartbeat.start();
  }

  async close(): Promise<void> {
    await this.#heartbeat?.close();
    await this.#peer?.close();
  }

  #state(): AgentState {
    return {
      binary: 'neutron-dhcp-agent',
      host: this.#parts.host,
      topic: topics.dhcpAgent,
      availability_zone: 'nova',
      configurations: {
        dhcp_driver: 'neutron.agent.linux.dhcp.Dnsmasq',
        dhcp_lease_duration: 86400,
        log_agent_heartbeats: false,
        networks: 1,
        subnets: 1,
        ports: 1,
      },
      agent_type: 'DHCP agent',
    };
  }
}
