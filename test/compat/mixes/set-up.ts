import { type DebianPackage, ensurePackages, thisMachine } from '../../../setup/debian.ts';

/** The real Neutron, for the mixes of its programs and ours. */
const packages: readonly DebianPackage[] = [
  { name: 'neutron-server', commands: ['neutron-server', 'neutron-db-manage'], why: "Python's server" },
  ...['neutron-linuxbridge-agent', 'neutron-dhcp-agent', 'neutron-metadata-agent', 'neutron-l3-agent'].map((name) => ({
    name,
    commands: [name],
    why: "Python's agent",
  })),
];

/** Installs what is missing; no service is started. @throws SetupError with the one command that would */
export default async function setUp(): Promise<void> {
  await ensurePackages(
    packages,
    thisMachine((line) => process.stdout.write(`${line}\n`)),
    { install: true },
  );
}
