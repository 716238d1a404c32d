import type { Router } from '../../src/resources/shapes.ts';
import type { EmulatedHost, HostProcess } from './hosts.ts';
import type { RoutedGuest, RoutedLab } from './routed-lab.ts';
import type { Starvation } from './starvation.ts';
import { patience, until } from './wait.ts';

const ADVERT_S = 1;
/** Three advertisements that did not come, and the skew of priority 50 (RFC 5798). */
const TAKE_OVER_S = 3 * ADVERT_S + ((256 - 50) / 256) * ADVERT_S;
/** For a machine that is busy with other tests; without keepalived the router would be moved after 75 s. */
const LEEWAY_S = 8;

/** What L3 agents are told in tests of HA routers. */
export const haOptions = {
  DEFAULT: { ha_vrrp_advert_int: ADVERT_S, ha_vrrp_auth_password: 'secret' },
  agent: { check_child_processes_interval: 4 },
};

export interface HaPlaces {
  readonly primary: EmulatedHost;
  readonly standby: EmulatedHost;
}

/** An HA router on two hosts of a lab: who is primary, by the API and by what the hosts have. */
export class HaRouter {
  readonly id: string;
  readonly netns: string;
  readonly #lab: RoutedLab;
  readonly #hosts: readonly EmulatedHost[];

  constructor(lab: RoutedLab, { id }: Pick<Router, 'id'>, hosts: readonly EmulatedHost[]) {
    this.id = id;
    this.netns = `qrouter-${id}`;
    this.#lab = lab;
    this.#hosts = hosts;
  }

  /** As the API tells it, by host. */
  async states(): Promise<Record<string, string>> {
    const { agents } = await this.#lab.api.expect('GET', `/v2.0/routers/${this.id}/l3-agents`);
    return Object.fromEntries(agents.map((agent: { host: string; ha_state: string }) => [agent.host, agent.ha_state]));
  }

  /** Waits until the API and the hosts agree on one primary, another one than `before` if that is given. */
  async settled(before: HaPlaces | null = null): Promise<HaPlaces> {
    return await until(
      'one primary',
      async () => {
        const told = await this.states();
        const primary = this.#hosts.filter(({ name }) => told[name] === 'active');
        const standby = this.#hosts.filter(({ name }) => told[name] === 'standby');
        if (primary.length !== 1 || standby.length !== 1 || primary[0] === before?.primary) return null;
        const [here, there] = [await this.addressesOn(primary[0]!), await this.addressesOn(standby[0]!)];
        return here.length > 0 && there.length === 0 ? { primary: primary[0]!, standby: standby[0]! } : null;
      },
      { timeoutMs: 60_000 },
    );
  }

  /** On all devices but the HA one and `lo`. */
  async addressesOn(host: EmulatedHost): Promise<string[]> {
    const argv = ['ip', '-n', this.netns, '-j', 'addr'];
    const links = await host.json<{ ifname: string; addr_info: { local: string }[] }[]>(argv);
    return links
      .filter(({ ifname }) => /^q[rg]-/.test(ifname))
      .flatMap(({ addr_info }) => addr_info.map(({ local }) => local))
      .sort();
  }

  async untilAddressesOn(host: EmulatedHost): Promise<void> {
    await until('the addresses there', async () => (await this.addressesOn(host)).length > 0, { timeoutMs: 30_000 });
  }

  async pidsOf(host: EmulatedHost, program: string): Promise<number[]> {
    const all = await host.processes();
    return all.filter(({ command }) => command.startsWith(program) && command.includes(this.id)).map(({ pid }) => pid);
  }

  /** Both processes of it: the one that sees the other die gives the addresses back, and nobody is to. */
  async killKeepalived(host: EmulatedHost): Promise<void> {
    const pids = await this.pidsOf(host, 'keepalived');
    await host.run(['kill', '-9', ...pids.map(String)], { okCodes: [0, 1] });
  }
}

/** Ten pings a second, and how many of them were lost. */
export class PingStream {
  readonly #process: HostProcess;

  constructor({ guest }: Pick<RoutedGuest, 'guest'>, address: string) {
    this.#process = guest.spawn(['ping', '-n', '-i', '0.1', '-W', '1', address]);
  }

  async flows(): Promise<void> {
    const { length } = this.#process.output.split('\n');
    await until('answers', () => this.#process.output.split('\n').length > length + 10);
  }

  /** Those that were lost between two that were answered: what is on its way when it ends counts for nothing. */
  async loss(): Promise<{ sent: number; lost: number }> {
    const answered = (text: string) =>
      new Set([...text.matchAll(/icmp_seq=(\d+) .*time=/g)].map(([, seq]) => Number(seq)));
    const { size } = answered(this.#process.output);
    await until('one more answer', () => answered(this.#process.output).size > size);
    await this.#process.kill('SIGINT');
    const seen = answered((await this.#process.finished).stdout);
    const sent = Math.max(...seen);
    return { sent, lost: sent - seen.size };
  }
}

/** How long somebody may be without its router while another host takes over, on this machine just now. */
export function takeOverLimitMs(starvation: Starvation): number {
  return (TAKE_OVER_S + LEEWAY_S) * patience * 1000 + starvation.allowanceMs;
}
