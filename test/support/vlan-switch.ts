import type { EmulatedHost, HostProcess, Lab } from './hosts.ts';
import { until } from './wait.ts';

const BRIDGE = 'switch';

/** What a port of the switch passes: one VLAN untagged, or some tagged. */
export type SwitchPort = { access: number } | { trunk: readonly number[] };

/**
 * The physical switch between emulated hosts: Open vSwitch in the fabric of a lab, with its userspace datapath, so that
 * the kernel under test has no part in it. What it learns and drops is a switch's own business: a frame of a VLAN that a
 * port does not carry goes nowhere.
 */
export class VlanSwitch implements AsyncDisposable {
  readonly #fabric: EmulatedHost;
  readonly #folder: string;
  readonly #daemons: HostProcess[] = [];

  constructor(fabric: EmulatedHost, folder: string) {
    this.#fabric = fabric;
    this.#folder = folder;
  }

  static async open(lab: Lab): Promise<VlanSwitch> {
    const made = new VlanSwitch(lab.fabric, await lab.fabric.makeFolder('ovs'));
    await made.#start();
    return made;
  }

  /**
   * Puts a card of a host on a port of the switch: the one that is alone on a wire of this name.
   *
   * @returns name of the port in the fabric
   */
  async connect(wire: string, port: SwitchPort): Promise<string> {
    const sockets = await this.#fabric.json<{ ifname: string }[]>(['ip', '-j', 'link', 'show', 'master', wire]);
    const name = sockets.find(({ ifname }) => ifname !== undefined)?.ifname;
    if (name === undefined || sockets.length !== 1) throw new Error(`wire ${wire} is not the wire of one card`);
    await this.#fabric.ipBatch([`link set ${name} nomaster`]);
    const vlans = 'access' in port ? [`tag=${port.access}`] : ['vlan_mode=trunk', `trunks=${port.trunk.join(',')}`];
    await this.#vsctl(['add-port', BRIDGE, name, ...vlans]);
    return name;
  }

  /** Frames that pass a port from now on, each a line of tcpdump; stop it with `stop`. */
  watch(port: string, filter: readonly string[]): HostProcess {
    return this.#fabric.spawn(['tcpdump', '-n', '-e', '-l', '-i', port, ...filter]);
  }

  async close(): Promise<void> {
    for (const daemon of this.#daemons.reverse()) await daemon.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #start(): Promise<void> {
    const database = `${this.#folder}/conf.db`;
    const socket = `${this.#folder}/db.sock`;
    await this.#fabric.run(['ovsdb-tool', 'create', database, '/usr/share/openvswitch/vswitch.ovsschema']);
    this.#daemon(['ovsdb-server', database, `--remote=punix:${socket}`]);
    await until('the database of the switch', () => this.#vsctl(['--no-wait', 'init']).then(() => true));
    this.#daemon(['ovs-vswitchd', `unix:${socket}`]);
    await this.#vsctl(['add-br', BRIDGE, '--', 'set', 'bridge', BRIDGE, 'datapath_type=netdev']);
  }

  #daemon(argv: readonly string[]): void {
    const [program, ...rest] = argv;
    const folder = this.#folder;
    const env = { OVS_RUNDIR: folder, OVS_LOGDIR: folder, OVS_DBDIR: folder };
    const options = ['--no-chdir', `--pidfile=${folder}/${program}.pid`, `--log-file=${folder}/${program}.log`];
    this.#daemons.push(this.#fabric.spawn([program!, ...rest, ...options], { env }));
  }

  async #vsctl(argv: readonly string[]): Promise<void> {
    await this.#fabric.run(['ovs-vsctl', `--db=unix:${this.#folder}/db.sock`, '--timeout=20', ...argv]);
  }
}
