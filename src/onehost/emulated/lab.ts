import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmulatedHost } from './host.ts';
import { HostProcess } from './process.ts';

/** Management network of a lab: the fabric is .1, hosts count from .11. Nothing routes it outside. */
const managementNetwork = '172.31.250';

/**
 * Emulated hosts, and the wires between them, made of namespaces. Everything lives in namespaces of its own: the hosts in
 * theirs, the wires (bridges) in one called the fabric. The root namespace gets not one link, route, rule or sysctl from
 * here, so a lab is safe on any machine.
 *
 *     await using lab = await openLab();
 *     const host = await lab.addHost({ name: 'host1', wires: ['flat1'] });   // eth0 management, eth1 on wire flat1
 *     await host.run(['ip', '-br', 'link']);
 *
 * Each namespace is held by one process that waits on a pipe to this one. When this process ends, however it ends, the
 * kernel takes apart everything: each holder is process 1 of a PID namespace, so all that runs in the host goes with it.
 */
export class Lab implements AsyncDisposable {
  /** Temporary folder of the lab; every host sees it under the same path. Removed at the end. */
  readonly folder: string;
  readonly #fabric: Holder;
  readonly #hosts = new Map<string, EmulatedHost>();
  readonly #pids = new Map<EmulatedHost, number>();
  readonly #wires = new Set<string>();
  #cards = 0;

  constructor(folder: string, fabric: Holder) {
    this.folder = folder;
    this.#fabric = fabric;
  }

  /** Where the wires are; also the world beyond the hosts' default gateway. */
  get fabric(): EmulatedHost {
    return this.#fabric.host;
  }

  get hosts(): readonly EmulatedHost[] {
    return [...this.#hosts.values()];
  }

  /** Makes a host with eth0 on the management network and one more card per wire (eth1 …), without address. */
  async addHost({ name, wires = [] }: { name: string; wires?: readonly string[] }): Promise<EmulatedHost> {
    if (this.#hosts.has(name)) throw new Error(`there is a host ${name} already`);
    const address = `${managementNetwork}.${11 + this.#hosts.size}`;
    const holder = await hold(name, address, join(this.folder, name));
    this.#hosts.set(name, holder.host);
    this.#pids.set(holder.host, holder.pid);
    const cards = ['mgmt', ...wires];
    for (const [index, wire] of cards.entries()) await this.addCard(holder.host, `eth${index}`, wire);
    await holder.host.ipBatch([
      ...cards.map((_, index) => `link set eth${index} up`),
      `addr add ${address}/24 broadcast ${managementNetwork}.255 dev eth0`,
      `route add default via ${managementNetwork}.1`,
    ]);
    return holder.host;
  }

  /** Gives a host one more card, or one that was taken away; it is down. */
  async addCard(host: EmulatedHost, name: string, wire: string): Promise<void> {
    await this.addWire(wire);
    const socket = `p${this.#cards++}`;
    // The other end is made inside the host at once: it never exists in the root namespace.
    await this.#wire([
      `link add ${socket} type veth peer name ${name} netns ${this.#pids.get(host)}`,
      `link set ${socket} master ${wire} up`,
    ]);
  }

  /** Makes a wire: a bridge in the fabric. Hosts named on it see each other's frames. */
  async addWire(name: string): Promise<void> {
    if (this.#wires.has(name)) return;
    this.#wires.add(name);
    await this.fabric.ipBatch([
      `link add ${name} type bridge forward_delay 0 stp_state 0 mcast_snooping 0`,
      `link set ${name} up`,
      ...(name === 'mgmt' ? [`addr add ${managementNetwork}.1/24 dev mgmt`] : []),
    ]);
  }

  /** `ip` in the fabric's network namespace alone: in its PID namespace the hosts' process ids mean nothing. */
  async #wire(lines: readonly string[]): Promise<void> {
    const inFabric = ['nsenter', `--net=/proc/${this.#fabric.pid}/ns/net`, '--'];
    const ip = new HostProcess(inFabric, ['ip', '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
    const { code, stderr } = await ip.finished;
    if (code !== 0) throw new Error(`cannot wire the host: ${stderr}`);
  }

  /** Ends one host: its processes, links, namespaces. */
  async removeHost(host: EmulatedHost): Promise<void> {
    await host.close();
    this.#hosts.delete(host.name);
    this.#pids.delete(host);
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.close()));
    this.#hosts.clear();
    await this.fabric.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Of labs that this process ever opened: the kernel takes the namespaces of one that nobody closed, its folder is left to us. */
const folders = new Set<string>();
function removeFolders(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** @throws Error when not root, or without the tools of `util-linux` and `iproute2` */
export async function openLab(): Promise<Lab> {
  if (process.getuid?.() !== 0) throw new Error('emulated hosts are made of namespaces: that needs root');
  const folder = await mkdtemp(join(tmpdir(), 'neutrino-lab-'));
  if (folders.size === 0) process.once('exit', removeFolders);
  folders.add(folder);
  const fabric = await hold('fabric', `${managementNetwork}.1`, join(folder, 'fabric'));
  return new Lab(folder, fabric);
}

interface Holder {
  host: EmulatedHost;
  /** Of `unshare`, which is itself a member of the network, mount and UTS namespaces. */
  pid: number;
}

/**
 * What process 1 of a host does: sets up the host's own view of /sys, /run and, where the kernel has overlays, /etc (what is
 * written there is the host's alone), then waits for the end of stdin. It is bash, because bash reaps the orphans that come to
 * it; a crashed daemon must not stay behind as a zombie. A new namespace takes over IPv4 settings of the machine's own, so those
 * that matter are set to the kernel's defaults.
 */
const initScript = `
hostname "$0"
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 run /run
mkdir -p /run/netns /run/lock /run/etc/written /run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/written,workdir=/run/etc/work overlay /etc 2>/dev/null || true
ip link set lo up
sysctl -qw net.ipv6.conf.default.accept_dad=0 net.ipv4.ip_forward=0
echo ready
read -r _
`;

async function hold(name: string, address: string, folder: string): Promise<Holder> {
  await mkdir(folder, { recursive: true });
  const namespaces = ['--fork', '--pid', '--kill-child', '--mount-proc', '--net', '--uts', '--mount'];
  const child = spawn('unshare', [...namespaces, 'bash', '-c', initScript, name], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const pid = await ready(child, name);
  const end = async () => {
    const gone = new Promise((resolve) => child.once('close', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin!.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(timer);
  };
  return { pid, host: new EmulatedHost({ name, address, holderPid: pid, folder, end }) };
}

function ready(child: ChildProcess, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let errors = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.once('error', reject);
    child.once('close', (code) =>
      reject(new Error(`cannot make the emulated host ${name} (exit code ${code}): ${errors}`)),
    );
    child.stdout!.once('data', () => resolve(child.pid!));
  });
}
