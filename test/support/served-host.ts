import { BridgeAgent } from '../../src/agent/bridge/agent.ts';
import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../../src/agent/bridge/options.ts';
import { vxlanOptions } from '../../src/agent/bridge/vxlan-options.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { defaultValues } from '../../src/lib/options.ts';
import type { Fixture } from '../../src/plugin/fixture.ts';
import type { EmulatedHost } from './hosts.ts';
import { openRemoteHost, type RemoteHost } from './remote-host.ts';

/**
 * An emulated host whose bridge agent is an object of the test, as is the plugin that serves it: where each process more
 * takes its time. What the agent does on the host is real.
 */
export class ServedHost {
  readonly host: EmulatedHost;
  readonly #server: Fixture;
  readonly #linux: RemoteHost;
  readonly #mappings: readonly string[];
  #agent: BridgeAgent | null = null;

  constructor(host: EmulatedHost, linux: RemoteHost, server: Fixture, mappings: readonly string[]) {
    this.host = host;
    this.#linux = linux;
    this.#server = server;
    this.#mappings = mappings;
  }

  /** @param mappings physical_interface_mappings */
  static async open(host: EmulatedHost, server: Fixture, mappings: readonly string[]): Promise<ServedHost> {
    const served = new ServedHost(host, await openRemoteHost(host), server, mappings);
    await served.start();
    return served;
  }

  get agent(): BridgeAgent {
    if (!this.#agent) throw new Error(`no agent works on ${this.host.name}`);
    return this.#agent;
  }

  /** Settles when what there was to do at its start is done. */
  async start(): Promise<void> {
    this.#agent = new BridgeAgent({
      host: this.host.name,
      options: {
        linuxBridge: defaultValues(linuxBridgeOptions, { physical_interface_mappings: this.#mappings }),
        vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
        agent: defaultValues(bridgeAgentOptions),
        securityGroup: defaultValues(securityGroupOptions, { enable_security_group: false }),
      },
      ...{ transport: this.#server.transport, linux: this.#linux, logger: silentLogger },
    });
    await this.#agent.start();
    await this.#agent.idle();
  }

  async stop(): Promise<void> {
    await this.#agent?.close();
    this.#agent = null;
  }
}
