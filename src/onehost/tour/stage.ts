import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient } from '../emulated/api.ts';
import { openDoorway } from '../emulated/doorway.ts';
import type { EmulatedHost } from '../emulated/host.ts';
import { type Lab, openLab } from '../emulated/lab.ts';
import type { HostProcess } from '../emulated/process.ts';
import { until } from '../emulated/wait.ts';
import { agentNames } from '../instance.ts';
import { stateFolder } from '../state-folder.ts';
import { pairNames } from '../uplink.ts';
import { type Narrator, TourFailed } from './narrator.ts';

/**
 * Options that the tour needs beyond those of `neutrino up`: three physical networks more, each a card of the host, a way to
 * a second host, and heartbeats quick enough to watch.
 */
const configuration = (address: string, publicPort: string) => `[DEFAULT]
agent_down_time = 4

[agent]
report_interval = 1

[ml2_type_flat]
flat_networks = public,flat1,flat2

[ml2_type_vlan]
network_vlan_ranges = lan

[linux_bridge]
physical_interface_mappings = public:${publicPort},lan:eth1,flat1:eth2,flat2:eth3

[ml2_type_vxlan]
vni_ranges = 1:1000

[vxlan]
local_ip = ${address}
udp_dstport = 8472
`;

/** Where the tour plays: two emulated hosts, with everything running on the first. */
export class Stage {
  readonly lab: Lab;
  /** eth1, eth2, eth3 are on the wires lan, flat1, flat2. */
  readonly host1: EmulatedHost;
  /** The same wires, but flat1 comes in at eth3 and flat2 at eth2. */
  readonly host2: EmulatedHost;
  readonly stateDir: string;
  /** Guests that `neutrino plug` made on the first host. */
  readonly guests: string[] = [];
  /** Namespaces that were made on the second host. */
  readonly farGuests: string[] = [];
  readonly #programs: string;
  readonly #running: HostProcess[] = [];
  #api: ApiClient | null = null;

  constructor(parts: { lab: Lab; host1: EmulatedHost; host2: EmulatedHost; programs: string }) {
    this.lab = parts.lab;
    this.host1 = parts.host1;
    this.host2 = parts.host2;
    this.stateDir = join(parts.host1.folder, 'state');
    this.#programs = parts.programs;
  }

  static async open(programs: string): Promise<Stage> {
    const lab = await openLab();
    try {
      const host1 = await lab.addHost({ name: 'host1', wires: ['lan', 'flat1', 'flat2'] });
      const host2 = await lab.addHost({ name: 'host2', wires: ['lan', 'flat2', 'flat1'] });
      return new Stage({ lab, host1, host2, programs });
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  get api(): ApiClient {
    if (!this.#api) throw new Error('neutrino up was not started');
    return this.#api;
  }

  get configFile(): string {
    return join(this.host1.folder, 'tour.conf');
  }

  /** `neutrino up` on the first host, until its agents are alive. */
  async start(narrator: Narrator): Promise<void> {
    await writeFile(this.configFile, configuration(this.host1.address, pairNames(stateFolder(this.stateDir)).port));
    narrator.chapter('One command');
    narrator.say(
      `The first host has eth0 for itself and three cards for guests. The tour's options are in ${this.configFile}:`,
    );
    await narrator.show(this.host1, ['cat', this.configFile]);
    const argv = ['neutrino', 'up', '--state-dir', this.stateDir, '--no-install', '--config-file', this.configFile];
    narrator.say(`host1# ${argv.join(' ')}`);
    const up = this.spawn(this.host1, argv);
    this.#api = new ApiClient(await openDoorway(this.host1, 9696));
    await until(
      'all agents alive',
      async () => {
        if (!up.running) throw new TourFailed(`neutrino up ended:\n${up.output}`);
        const agents = await this.api.list('agent');
        return agents.length === agentNames.length && agents.every((agent) => agent.alive);
      },
      { timeoutMs: 30_000 },
    ).catch((error: Error) => {
      throw new TourFailed(`${error.message}\n${up.output}`);
    });
    // What it prints to people comes when all is ready.
    await until('the last line of neutrino up', () => /ctrl-c/i.test(up.output), { timeoutMs: 10_000 }).catch(() => {});
    narrator.say(up.output.trimEnd());
  }

  /** Starts one of our programs on a host; it ends with the tour. */
  spawn(host: EmulatedHost, [program, ...argv]: readonly string[]): HostProcess {
    const process = host.spawn([join(this.#programs, program!), ...argv]);
    this.#running.push(process);
    return process;
  }

  /** What the programs printed, for when the tour fails. */
  lastWords(): string {
    return this.#running
      .map((process) => `-- ${process.argv.slice(0, 2).join(' ')}\n${process.output.split('\n').slice(-40).join('\n')}`)
      .join('\n');
  }

  async close(): Promise<void> {
    await this.lab.close();
  }
}

/** The id in a table of `… -create` or `… -show`. */
export function idIn(table: string): string {
  const found = /\|\s*id\s*\|\s*([0-9a-f-]{36})\s*\|/.exec(table);
  if (!found) throw new TourFailed(`no id in:\n${table}`);
  return found[1]!;
}
