import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { KernelSettings } from '../../../src/agent/firewall/bridge-filtering.ts';
import type { FirewallPort, FirewallState, Members } from '../../../src/agent/firewall/contract.ts';
import { IptablesFirewall } from '../../../src/agent/firewall/iptables/driver.ts';
import type { IptablesFirewallOptions } from '../../../src/agent/firewall/iptables/ready.ts';
import type { CommandResult, Exec, RunOptions } from '../../../src/linux/contract.ts';
import { sysctlPath } from '../../../src/linux/sysctl.ts';
import type { WireRule } from '../../../src/rpc/contract.ts';
import { type EmulatedHost, type Lab, openLab } from '../hosts.ts';
import { openRemoteHost, type RemoteHost } from '../remote-host.ts';

/** Kernel settings where these commands run. */
export function settingsOf(exec: Pick<Exec, 'run'>): KernelSettings {
  return {
    read: async (key) => (await exec.run(['cat', sysctlPath(key)])).stdout.trim(),
    write: async (key, value) => {
      await exec.run(['sysctl', '-q', '-w', `${key.replaceAll('/', '.')}=${value}`]);
    },
  };
}

/** A host with a bridge, guests on taps, and the firewall driver at work in it. */
export class FirewallStand {
  readonly host: EmulatedHost;
  readonly remote: RemoteHost;
  /** What the driver ran, in order. */
  readonly ran: { argv: readonly string[]; stdin: string }[] = [];
  /** Called before each command; may throw in its place. */
  intercept: (argv: readonly string[], options: RunOptions) => void = () => {};
  readonly exec: Exec;
  readonly settings: KernelSettings;
  readonly taps = new Set<string>();

  constructor(host: EmulatedHost, remote: RemoteHost) {
    this.host = host;
    this.remote = remote;
    this.exec = {
      ...remote.exec,
      run: async (argv, options = {}): Promise<CommandResult> => {
        this.ran.push({ argv, stdin: options.stdin ?? '' });
        this.intercept(argv, options);
        return await remote.exec.run(argv, options);
      },
    };
    this.settings = settingsOf(remote.exec);
  }

  static async open(host: EmulatedHost): Promise<FirewallStand> {
    return new FirewallStand(host, await openRemoteHost(host));
  }

  driver(options: Partial<IptablesFirewallOptions> = {}): IptablesFirewall {
    return new IptablesFirewall({ exec: this.exec, settings: this.settings, ...options });
  }

  /** A driver that has looked around. */
  async started(options: Partial<IptablesFirewallOptions> = {}): Promise<IptablesFirewall> {
    const driver = this.driver(options);
    await driver.start();
    return driver;
  }

  /** Commands that changed something, as `argv[0]`; then forgets all. */
  takeWrites(): string[] {
    const writes = this.ran.filter(({ argv }) => /-restore$/.test(argv[0] ?? '') || argv[1] === 'restore');
    this.ran.length = 0;
    return writes.map(({ argv }) => argv[0] as string);
  }

  readonly isThere = (tap: string): boolean => this.taps.has(tap);

  /** A guest in a namespace behind a tap. */
  async addGuest(port: FirewallPort, { bridge = port.bridge, plugged = true } = {}): Promise<void> {
    const netns = guestOf(port.tap);
    const addresses = [...port.fixedIps].map((ip) => `${ip}/${ip.includes(':') ? 64 : 24}`);
    await this.host.run(['ip', 'netns', 'add', netns]);
    await this.host.ipBatch([
      `link add ${port.tap} type veth peer name eth0 address ${port.mac} netns ${netns}`,
      `link set ${port.tap} up`,
      ...(plugged ? [`link set ${port.tap} master ${bridge}`] : []),
    ]);
    await this.host.ipBatch(
      [
        'link set lo up',
        'link set eth0 up',
        ...addresses.map((one) => `addr add ${one} dev eth0${one.includes(':') ? ' nodad' : ''}`),
      ],
      netns,
    );
    this.taps.add(port.tap);
  }

  /** The bridge of networks with the host in it, and guests on it. */
  async addGuests(...ports: readonly FirewallPort[]): Promise<void> {
    await this.addBridge(
      'brq11111111-11',
      HOST.map((one) => `${one}/${one.includes(':') ? 64 : 24}`),
    );
    for (const one of ports) await this.addGuest(one);
  }

  /** A network on another card of the host, which forwards to it. */
  async addNetworkBehind(): Promise<void> {
    const { host } = this;
    await host.run(['ip', 'netns', 'add', 'behind']);
    await host.ipBatch([
      'link add out0 type veth peer name eth0 netns behind',
      'link set out0 up',
      'addr add 10.77.0.1/24 dev out0',
    ]);
    await host.ipBatch(
      ['link set eth0 up', `addr add ${BEHIND}/24 dev eth0`, 'route add default via 10.77.0.1'],
      'behind',
    );
    await host.run(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1']);
  }

  async addBridge(name: string, addresses: readonly string[] = []): Promise<void> {
    await this.host.ipBatch([
      `link add ${name} type bridge forward_delay 0 mcast_snooping 0`,
      `link set ${name} up`,
      ...addresses.map((one) => `addr add ${one} dev ${name}${one.includes(':') ? ' nodad' : ''}`),
    ]);
  }

  /** @throws when no echo request is answered; asks until one is */
  async reaches(from: FirewallPort, address: string, how: PingOptions = {}): Promise<void> {
    // A neighbour that could not be found a moment ago is an error at once, and then looked for again.
    for (let attempt = 0; attempt < 4; attempt++) if (await this.#ping(from, address, ['-w', '10'], how)) return;
    throw new Error(`${from.tap} does not reach ${address}`);
  }

  /** @throws when an echo request is answered */
  async isKeptFrom(from: FirewallPort, address: string, how: PingOptions = {}): Promise<void> {
    if (await this.#ping(from, address, ['-W', '0.4'], how)) throw new Error(`${from.tap} reaches ${address}`);
  }

  async #ping(
    from: FirewallPort,
    address: string,
    wait: readonly string[],
    { source, id }: PingOptions,
  ): Promise<boolean> {
    const words = [...(source ? ['-I', source] : []), ...(id ? ['-e', `${id}`] : [])];
    const argv = ['ping', '-n', '-c', '1', ...wait, ...words, address];
    return (await this.host.run(argv, { netns: guestOf(from.tap), okCodes: [0, 1, 2] })).code === 0;
  }

  /** Rules of both families and tables, without counters and comments of the tool. */
  async saved(flavour = ''): Promise<string> {
    const texts = await Promise.all(
      ['iptables', 'ip6tables'].map((tool) => this.host.read([`${tool}${flavour}-save`])),
    );
    return texts
      .join('\n')
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .map((line) => line.replace(/ \[\d+:\d+\]$/, ''))
      .join('\n');
  }

  async close(): Promise<void> {
    await this.remote.close();
  }
}

/** Of the host in the bridge of networks. */
export const HOST = ['10.0.0.1', 'fd00::1'] as const;
/** Beyond the host, on another card. */
export const BEHIND = '10.77.0.2';

interface PingOptions {
  /** An address of the guest. */
  readonly source?: string;
  /** Requests with the same one are one connection. */
  readonly id?: number;
}

export function guestOf(tap: string): string {
  return `g-${tap}`;
}

/**
 * A new host for each test of a file, told of before it.
 * The file calls it at its top: it sets what vitest does before and after tests.
 */
export function standForEach(use: (stand: FirewallStand) => void): void {
  let lab: Lab;
  let stand: FirewallStand;
  let hosts = 0;
  beforeAll(async () => {
    lab = await openLab();
  });
  afterAll(() => lab.close());
  beforeEach(async () => {
    hosts += 1;
    stand = await FirewallStand.open(await lab.addHost({ name: `fw${hosts}`, wires: [] }));
    use(stand);
  });
  afterEach(async () => {
    await stand.close();
    await lab.removeHost(stand.host);
  });
}

let count = 0;

/** A filtered port of bridge brq11111111-11. */
export function port(more: Partial<FirewallPort> = {}): FirewallPort {
  count += 1;
  const n = count;
  const hex = n.toString(16).padStart(4, '0');
  const id = `${hex}aaaa-bbbb-4ccc-8ddd-eeeeeeee${hex}`;
  return {
    tap: `tap${id.slice(0, 11)}`,
    portId: id,
    bridge: 'brq11111111-11',
    filter: 'filtered',
    mac: `fa:16:3e:00:${hex.slice(0, 2)}:${hex.slice(2)}`,
    fixedIps: [`10.0.0.${10 + n}`, `fd00::${10 + n}`],
    addressPairs: [],
    groups: [],
    providerRules: [],
    ...more,
  };
}

export function stateOf(
  ports: readonly FirewallPort[],
  groups: Readonly<Record<string, readonly WireRule[]>> = {},
  members: Readonly<Record<string, Members>> = {},
): FirewallState {
  return {
    ports: new Map(ports.map((one) => [one.tap, one])),
    groups: new Map(Object.entries(groups)),
    members: new Map(Object.entries(members)),
  };
}

export const egressAll: readonly WireRule[] = [
  { direction: 'egress', ethertype: 'IPv4' },
  { direction: 'egress', ethertype: 'IPv6' },
];
