import { BridgeAgent } from '../../src/agent/bridge/agent.ts';
import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../../src/agent/bridge/options.ts';
import { vxlanOptions } from '../../src/agent/bridge/vxlan-options.ts';
import { IptablesFirewall } from '../../src/agent/firewall/iptables/driver.ts';
import { SpoofGuard } from '../../src/agent/firewall/spoofing/spoof-guard.ts';
import { silentLogger } from '../../src/lib/log.ts';
import { defaultValues } from '../../src/lib/options.ts';
import type { Host } from '../../src/linux/contract.ts';
import type { Fixture } from '../../src/plugin/fixture.ts';
import { settingsOf } from './firewall/stand.ts';
import type { EmulatedHost } from './hosts.ts';
import { openRemoteHost, type RemoteHost } from './remote-host.ts';

export interface ServedHostOptions {
  /** Security groups are in force. */
  readonly filters?: boolean;
}

/**
 * An emulated host whose bridge agent is an object of the test, as is the plugin that serves it: where each process more
 * takes its time. What the agent does on the host is real.
 */
export class ServedHost {
  readonly host: EmulatedHost;
  readonly #server: Fixture;
  readonly #linux: RemoteHost;
  readonly #mappings: readonly string[];
  readonly #options: ServedHostOptions;
  #agent: BridgeAgent | null = null;
  #life = { isOver: false };

  constructor(parts: {
    host: EmulatedHost;
    linux: RemoteHost;
    server: Fixture;
    mappings: readonly string[];
    options: ServedHostOptions;
  }) {
    this.host = parts.host;
    this.#linux = parts.linux;
    this.#server = parts.server;
    this.#mappings = parts.mappings;
    this.#options = parts.options;
  }

  /** @param mappings physical_interface_mappings */
  static async open(
    host: EmulatedHost,
    server: Fixture,
    mappings: readonly string[],
    options: ServedHostOptions = {},
  ): Promise<ServedHost> {
    const served = new ServedHost({ host, linux: await openRemoteHost(host), server, mappings, options });
    await served.start();
    return served;
  }

  get agent(): BridgeAgent {
    if (!this.#agent) throw new Error(`no agent works on ${this.host.name}`);
    return this.#agent;
  }

  /** Whether its agent came to the point where it was to die. */
  get isDead(): boolean {
    return this.#life.isOver;
  }

  /**
   * Settles when what there was to do at its start is done.
   *
   * @param dieAt a point of the firewall driver where the agent dies
   */
  async start(dieAt?: string): Promise<void> {
    const life = { isOver: false };
    this.#life = life;
    const linux: Host = mortal(this.#linux, life);
    const filters = this.#options.filters ?? false;
    this.#agent = new BridgeAgent({
      host: this.host.name,
      options: {
        linuxBridge: defaultValues(linuxBridgeOptions, { physical_interface_mappings: this.#mappings }),
        vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
        agent: defaultValues(bridgeAgentOptions),
        securityGroup: defaultValues(securityGroupOptions, {
          enable_security_group: filters,
          firewall_driver: filters ? 'iptables' : 'noop',
        }),
      },
      drivers: filters ? await this.#drivers(linux, life, dieAt) : [],
      ...{ transport: mortal(this.#server.transport, life), linux, logger: silentLogger },
    });
    await this.#agent.start();
    await this.#agent.idle();
  }

  async stop(): Promise<void> {
    await this.#agent?.close();
    this.#agent = null;
  }

  /** From now on its agent does nothing more, neither on the host nor towards the server. */
  async kill(): Promise<void> {
    this.#life.isOver = true;
    await this.stop();
  }

  async #drivers(linux: Host, life: Life, dieAt: string | undefined) {
    const lockPaths = [await this.host.makeFolder('locks')];
    const stopPoint = (name: string) => {
      if (name === dieAt) life.isOver = true;
      alive(life);
    };
    const { exec } = linux;
    return [
      new IptablesFirewall({ exec, lockPaths, stopPoint, settings: settingsOf(exec), sets: true, comments: true }),
      new SpoofGuard({ host: linux, lockPaths }),
    ];
  }
}

interface Life {
  isOver: boolean;
}

function alive(life: Life): void {
  if (life.isOver) throw new Error('dead');
}

/** The same object until life is over: then nothing more can be asked of it, and what was asked has no answer. */
function mortal<T extends object>(served: T, life: Life): T {
  return new Proxy(served, {
    get(_, key) {
      const value: unknown = Reflect.get(served, key, served);
      if (typeof value === 'object' && value !== null) return mortal(value, life);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        alive(life);
        const answer: unknown = value.apply(served, args);
        if (!(answer instanceof Promise)) return answer;
        return answer.then((one) => {
          alive(life);
          return one;
        });
      };
    },
  });
}
