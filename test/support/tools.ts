import { type DebianPackage, ensurePackages, hostPackages, testPackages, thisMachine } from '../../setup/debian.ts';

/** What tests with virtual machines need. */
const virtualMachinePackages: readonly DebianPackage[] = [
  { name: 'qemu-system-x86', commands: ['qemu-system-x86_64'], why: 'a true guest on a tap' },
  { name: 'cpio', commands: ['cpio'], why: 'the first file system of that guest' },
  { name: 'xz-utils', commands: ['xz'], why: 'unpacking its kernel' },
  {
    ...{ name: 'openvswitch-switch', commands: ['ovs-vsctl', 'ovs-vswitchd', 'ovsdb-server', 'ovsdb-tool'] },
    ...{ why: 'the physical switch between emulated hosts', service: 'openvswitch-switch.service' },
  },
  { name: 'kmod', commands: ['modprobe', 'depmod'], why: 'finding the modules of its network card' },
];

/** Tools of the test run itself, all in packages that Debian always has or that are named here. */
const runnerPackages: readonly DebianPackage[] = [
  // Without Debian's service around it: the tests start servers of their own.
  { name: 'mariadb-server-core', commands: ['mariadbd', 'mariadb-install-db'], why: 'the plugin on MariaDB' },
  {
    name: 'postgresql',
    commands: ['pg_ctlcluster'],
    why: 'the plugin on PostgreSQL',
    service: 'postgresql.service',
  },
  {
    name: 'rabbitmq-server',
    commands: ['rabbitmq-server', 'epmd'],
    why: 'the queue of many hosts',
    service: 'rabbitmq-server.service',
  },
  { name: 'chromium', commands: ['chromium'], why: 'the dashboard as people see it' },
  {
    name: 'kea-dhcp6-server',
    commands: ['kea-dhcp6'],
    why: 'a provider that delegates prefixes',
    service: 'kea-dhcp6-server.service',
  },
  { name: 'memcached', commands: ['memcached'], why: 'the cache of tokens that servers share' },
  {
    name: 'systemd',
    commands: ['systemctl', 'systemd-analyze', 'systemd-notify', 'systemd-sysusers', 'systemd-tmpfiles'],
    why: 'the units of our services',
  },
  { name: 'mariadb-client-core', commands: ['mariadb'], why: 'telling a MariaDB of the tests what to do' },
  { name: 'openssl', commands: ['openssl'], why: 'certificates of the tests' },
  { name: 'perl-base', commands: ['perl'], why: "a service manager's socket" },
  { name: 'python3', commands: ['python3'], why: 'sending and recording single frames' },
  { name: 'util-linux', commands: ['unshare', 'nsenter', 'setsid'], why: 'emulated hosts' },
];

/**
 * Sees to it that every tool of the tests is there. A tool that is missing and may not be installed fails the run with the
 * name of its package: no test is left out in silence.
 *
 * @throws SetupError with the one command that installs what is missing
 */
export async function ensureTestTools({ install }: { install: boolean }): Promise<boolean> {
  const machine = thisMachine((line) => process.stdout.write(`${line}\n`));
  await ensurePackages([...hostPackages, ...testPackages, ...virtualMachinePackages, ...runnerPackages], machine, {
    install,
  });
  return true;
}
