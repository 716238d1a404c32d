import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../lib/log.ts';
import { dhcpNamespace, tapName } from '../../lib/names.ts';
import type { Host } from '../../linux/contract.ts';
import type { NetworkInfo, PluginApi } from '../../rpc/contract.ts';
import { proxyDaemon } from '../daemons/haproxy.ts';
import { applyPlan, applySteps } from './apply.ts';
import { type DhcpSettings, type DhcpState, deriveDhcpState, dnsmasqDaemon, networkFolder } from './derive.ts';
import { dhcpDeviceId, ensureDhcpPort, planDhcpPort } from './dhcp-port.ts';
import { isUuid } from './dnsmasq-text.ts';
import { wantsDhcp } from './network.ts';
import { withPort } from './network-events.ts';
import { observe, type Scope } from './observe.ts';
import { type DhcpStep, describeStep, planDhcp, stepsOf } from './plan.ts';

export interface KeeperParts {
  /** The agent's host name. */
  host: string;
  linux: Host;
  plugin: PluginApi;
  settings: DhcpSettings;
  logger: Logger;
}

/** Brings the host to what one network needs: derive, look, plan, apply. Keeps nothing between two calls. */
export class DhcpKeeper {
  readonly #parts: KeeperParts;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /**
   * Makes the host serve the network.
   *
   * @returns the network with its DHCP port in it and the state that the host now has; null where no DHCP belongs
   * @throws RemoteError, MessagingTimeout, or what a command failed with: try again later
   */
  async ensure(
    network: NetworkInfo,
    scope: Scope,
    onSteps: (steps: readonly DhcpStep[]) => void = () => {},
  ): Promise<{ network: NetworkInfo; state: DhcpState } | null> {
    if (!wantsDhcp(network) || !isUuid(network.id)) return null;
    const { linux, plugin, settings, host, logger } = this.#parts;
    const port = await ensureDhcpPort(network, host, plugin, (error) =>
      logger.warn(
        { resource: 'network', id: network.id, error: String(error) },
        'a subnet has no address left for the DHCP port: DHCP is served on the others',
      ),
    );
    const complete = withPort(network, port);
    const state = deriveDhcpState(complete, port, settings);
    if (!state) return null;
    const plan = planDhcp(state, await observe(linux, state, scope));
    onSteps(stepsOf(plan));
    await applyPlan(linux, plan, logger);
    return { network: complete, state };
  }

  /** What `ensure` would do, in lines; asks nothing of the server. */
  async preview(network: NetworkInfo): Promise<string[]> {
    if (!wantsDhcp(network) || !isUuid(network.id)) return await this.#previewRemoval(network.id);
    const { linux, settings, host } = this.#parts;
    const step = planDhcpPort(network, dhcpDeviceId(host, network.id));
    if (step.step !== 'keep')
      return [`ask the server to ${step.step} the DHCP port, then make ${dhcpNamespace(network.id)} and dnsmasq`];
    const state = deriveDhcpState(network, step.port, settings);
    return state ? stepsOf(planDhcp(state, await observe(linux, state, 'all'))).flatMap(describeStep) : [];
  }

  /**
   * Ends DHCP for a network on this host, whether this agent or one before it made it, and gives the port back.
   * What the host still has is found by the network's id alone.
   */
  async remove(networkId: string): Promise<void> {
    if (!isUuid(networkId)) return;
    const { linux, plugin, host, logger } = this.#parts;
    const tap = await this.#tapOf(networkId);
    await applySteps(linux, this.#endDaemons(networkId), logger);
    if (tap) await linux.apply([{ op: 'delete_link', name: tap }]);
    await linux.removeNetns(dhcpNamespace(networkId));
    try {
      await plugin.releaseDhcpPort(networkId, dhcpDeviceId(host, networkId), host);
    } catch (error) {
      // The server releases ports of agents it no longer schedules by itself; nothing on this host depends on it.
      logger.warn({ resource: 'network', id: networkId, error: String(error) }, 'releasing the DHCP port failed');
    }
    // Last: whoever starts after a crash sees by the folder that there is something to end.
    await applySteps(linux, this.#removeFolder(networkId), logger);
  }

  async #previewRemoval(networkId: string): Promise<string[]> {
    const namespace = dhcpNamespace(networkId);
    if (!(await this.#parts.linux.listNetns()).includes(namespace)) return [];
    const steps = [...this.#endDaemons(networkId), ...this.#removeFolder(networkId)];
    return [...steps.flatMap(describeStep), `remove namespace ${namespace}`];
  }

  #endDaemons(networkId: string): DhcpStep[] {
    const { options, statePath } = this.#parts.settings;
    const proxy = proxyDaemon(networkId, dhcpNamespace(networkId), { statePath, pidFolder: options.external_pids });
    return [
      { do: 'stop', daemon: dnsmasqDaemon(networkId, [], options) },
      { do: 'stop', daemon: proxy },
      { do: 'remove', path: proxy.mark },
      { do: 'remove', path: proxy.logFile! },
    ];
  }

  #removeFolder(networkId: string): DhcpStep[] {
    return [{ do: 'remove', path: networkFolder(networkId, this.#parts.settings.options) }];
  }

  /** The card's outer end, by the file that names the inner one. Its going is at once, that with a namespace is not. */
  async #tapOf(networkId: string): Promise<string | null> {
    const path = join(networkFolder(networkId, this.#parts.settings.options), 'interface');
    const device = await readFile(path, 'utf8').catch(() => '');
    const found = /^ns-([0-9a-f-]{11})\s*$/.exec(device);
    return found ? tapName(found[1]!) : null;
  }
}
