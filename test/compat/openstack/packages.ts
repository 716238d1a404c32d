import { type DebianPackage, ensurePackages, thisMachine } from '../../../setup/debian.ts';

const clients: readonly DebianPackage[] = [
  { name: 'python3-openstackclient', commands: ['openstack'], why: 'the client people use' },
  { name: 'python3-neutronclient', commands: ['neutron'], why: 'the client of older scripts' },
];

const tempest: readonly DebianPackage[] = [
  { name: 'tempest', commands: ['tempest'], why: 'the acceptance tests of OpenStack' },
  { name: 'python3-stestr', commands: ['stestr'], why: 'running them' },
];

const messaging: readonly DebianPackage[] = [
  {
    name: 'python3-oslo.messaging',
    commands: ['oslo-messaging-send-notification'],
    why: 'what reads the notifications of OpenStack',
  },
];

export const openStackPackages = { clients, messaging, tempest };

/** Installs what is missing. @throws SetupError with the one command that would */
export async function ensureOpenStackPackages(packages: readonly DebianPackage[]): Promise<void> {
  const machine = thisMachine((line) => process.stdout.write(`${line}\n`));
  await ensurePackages(packages, machine, { install: true });
}
