import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Logger } from '../../lib/log.ts';
import { parsePhysicalNetworkMtus, physicalMtu } from '../network/mtu.ts';
import { agentsFilter, hasServicePlugin, type PluginOptions } from '../options.ts';
import { contractVersion, type ExtensionDriver, type MechanismDriver, type TypeDriver } from './contract.ts';
import { DriverConfigurationError } from './errors.ts';
import { attributeDrivers, attributeExtensionDriver } from './extension/attribute-drivers.ts';
import { portSecurityExtensionDriver } from './extension/port-security.ts';
import { portTagsExtensionDriver } from './extension/port-tags.ts';
import { qosExtensionDriver } from './extension/qos.ts';
import { l2populationMechanismDriver } from './mechanism/l2population.ts';
import { linuxbridgeMechanismDriver } from './mechanism/linuxbridge.ts';
import { noopMechanismDriver } from './mechanism/noop.ts';
import { configuredRanges } from './type/configured.ts';
import { flatTypeDriver } from './type/flat.ts';
import { localTypeDriver } from './type/local.ts';
import { fixedRanges, IdPool, storedRanges } from './type/pool.ts';
import type { RangedType, TunnelType } from './type/ranges.ts';
import { tunnelMtu, tunnelTypeDriver } from './type/tunnel.ts';
import { vlanTypeDriver } from './type/vlan.ts';

/** What a driver is made with. */
export interface DriverSetup {
  readonly options: PluginOptions;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** Options of a section that only an outside driver knows, as the files have them. */
  readonly section: (name: string) => Readonly<Record<string, string>>;
}

/** The kinds of drivers, by the option that lists them. */
interface Kinds {
  type_drivers: TypeDriver;
  mechanism_drivers: MechanismDriver;
  extension_drivers: ExtensionDriver;
}

type Make<T> = (setup: DriverSetup) => T | Promise<T>;
type Registry = { readonly [K in keyof Kinds]: Readonly<Record<string, Make<Kinds[K]>>> };

/** The built-in drivers. */
const registry: Registry = {
  type_drivers: {
    local: ({ options }) => localTypeDriver(mtuOf(options)),
    flat: ({ options }) => flatTypeDriver(options.flat.flat_networks, mtuOf(options)),
    vlan: (setup) => vlanTypeDriver(poolOf('vlan', setup), mtuOf(setup.options)),
    vxlan: (setup) => tunnel('vxlan', setup),
    gre: (setup) => tunnel('gre', setup),
    geneve: (setup) => tunnel('geneve', setup),
  },
  mechanism_drivers: {
    linuxbridge: ({ options }) => linuxbridgeMechanismDriver({ portFilter: agentsFilter(options) }),
    l2population: () => l2populationMechanismDriver(),
    logger: () => noopMechanismDriver('logger'),
    noop: () => noopMechanismDriver('noop'),
  },
  extension_drivers: {
    port_security: () => portSecurityExtensionDriver(),
    tag_ports_during_bulk_creation: () => portTagsExtensionDriver(),
    qos: () => qosExtensionDriver(),
    ...Object.fromEntries(Object.keys(attributeDrivers).map((name) => [name, () => attributeExtensionDriver(name)])),
  },
};

/** Upstream's class paths and the names they stand for here. */
const classPaths: Readonly<Record<string, string>> = {
  'neutron.plugins.ml2.drivers.type_local.LocalTypeDriver': 'local',
  'neutron.plugins.ml2.drivers.type_flat.FlatTypeDriver': 'flat',
  'neutron.plugins.ml2.drivers.type_vlan.VlanTypeDriver': 'vlan',
  'neutron.plugins.ml2.drivers.type_vxlan.VxlanTypeDriver': 'vxlan',
  'neutron.plugins.ml2.drivers.type_gre.GreTypeDriver': 'gre',
  'neutron.plugins.ml2.drivers.type_geneve.GeneveTypeDriver': 'geneve',
  'neutron.plugins.ml2.drivers.linuxbridge.mech_driver.mech_linuxbridge.LinuxbridgeMechanismDriver': 'linuxbridge',
  'neutron.plugins.ml2.drivers.l2pop.mech_driver.L2populationMechanismDriver': 'l2population',
  'neutron.tests.unit.plugins.ml2.drivers.mechanism_logger.LoggerMechanismDriver': 'logger',
  'neutron.plugins.ml2.extensions.port_security.PortSecurityExtensionDriver': 'port_security',
  'neutron.plugins.ml2.extensions.data_plane_status.DataPlaneStatusExtensionDriver': 'data_plane_status',
  'neutron.plugins.ml2.extensions.dns_integration.DNSExtensionDriverML2': 'dns',
  'neutron.plugins.ml2.extensions.dns_integration.DNSDomainPortsExtensionDriver': 'dns_domain_ports',
  'neutron.plugins.ml2.extensions.dns_domain_keywords.DnsDomainKeywordsExtensionDriver': 'dns_domain_keywords',
  'neutron.plugins.ml2.extensions.subnet_dns_publish_fixed_ip.SubnetDNSPublishFixedIPExtensionDriver':
    'subnet_dns_publish_fixed_ip',
  'neutron.plugins.ml2.extensions.port_device_profile.PortDeviceProfileExtensionDriver': 'port_device_profile',
  'neutron.plugins.ml2.extensions.port_numa_affinity_policy.PortNumaAffinityPolicyExtensionDriver':
    'port_numa_affinity_policy',
  'neutron.plugins.ml2.extensions.uplink_status_propagation.UplinkStatusPropagationExtensionDriver':
    'uplink_status_propagation',
  'neutron.plugins.ml2.extensions.tag_ports_during_bulk_creation.TagPortsDuringBulkCreationExtensionDriver':
    'tag_ports_during_bulk_creation',
  'neutron.plugins.ml2.extensions.qos.QosExtensionDriver': 'qos',
};

const otherBackEnd = 'is for another kind of host and is not part of this server';

/** Drivers of upstream that we have not, and why: better than "unknown". */
const missing: Readonly<Record<keyof Kinds, Readonly<Record<string, string>>>> = {
  type_drivers: {},
  mechanism_drivers: {
    openvswitch: otherBackEnd,
    ovn: otherBackEnd,
    macvtap: otherBackEnd,
    sriovnicswitch: otherBackEnd,
  },
  extension_drivers: {},
};

/** What an outside driver's module exports, one of them by the kind of driver it is. */
const factoryNames = {
  type_drivers: 'createTypeDriver',
  mechanism_drivers: 'createMechanismDriver',
  extension_drivers: 'createExtensionDriver',
} as const;

/**
 * Makes the drivers an option lists, in its order. A name is one of ours, upstream's class path for it, or the path of a
 * module (with a `/`, or ending in `.js`, `.mjs` or `.ts`; relative to the working directory).
 *
 * @throws DriverConfigurationError with one line for the operator
 */
export async function loadDrivers<K extends keyof Kinds>(kind: K, setup: DriverSetup): Promise<Kinds[K][]> {
  const drivers: Kinds[K][] = [];
  for (const name of setup.options.ml2[kind] as readonly string[]) {
    const driver = isModulePath(name) ? await loadOutside(kind, name, setup) : await makeBuiltIn(kind, name, setup);
    await driver.initialize();
    drivers.push(driver);
  }
  return drivers;
}

async function makeBuiltIn<K extends keyof Kinds>(kind: K, name: string, setup: DriverSetup): Promise<Kinds[K]> {
  const known = registry[kind];
  const key = classPaths[name] ?? name;
  const later = missing[kind][key.split('.').at(-1)!.toLowerCase()] ?? missing[kind][key];
  if (!Object.hasOwn(known, key) && later !== undefined) {
    throw new DriverConfigurationError(`[ml2] ${kind}: '${name}' ${later}; there are ${Object.keys(known).join(', ')}`);
  }
  if (!Object.hasOwn(known, key)) {
    throw new DriverConfigurationError(
      `[ml2] ${kind}: '${name}' is not supported; there are ${Object.keys(known).join(', ')}, or a module's path`,
    );
  }
  return known[key]!(setup);
}

async function loadOutside<K extends keyof Kinds>(kind: K, path: string, setup: DriverSetup): Promise<Kinds[K]> {
  const refuse = (reason: string, cause?: unknown) =>
    Object.assign(new DriverConfigurationError(`[ml2] ${kind}: ${path}: ${reason}`), { cause });
  let module: Record<string, unknown>;
  try {
    module = await import(pathToFileURL(isAbsolute(path) ? path : resolve(path)).href);
  } catch (error) {
    throw refuse(`cannot be loaded: ${(error as Error).message.split('\n')[0]}`, error);
  }
  if (module.contractVersion !== contractVersion) {
    throw refuse(`is made for contract version ${String(module.contractVersion)}; this server has ${contractVersion}`);
  }
  const factory = module[factoryNames[kind]];
  if (typeof factory !== 'function') throw refuse(`does not export ${factoryNames[kind]}`);
  return (factory as Make<Kinds[K]>)(setup);
}

function isModulePath(name: string): boolean {
  return name.includes('/') || /\.(js|mjs|ts)$/.test(name);
}

function mtuOf({ core, ml2 }: PluginOptions): TypeDriver['mtu'] {
  const { mtus } = parsePhysicalNetworkMtus(ml2.physical_network_mtus);
  return (physicalNetwork) => physicalMtu(core.global_physnet_mtu, mtus, physicalNetwork);
}

function tunnel(type: TunnelType, setup: DriverSetup): TypeDriver {
  const { core, geneve, ml2 } = setup.options;
  const mtu = tunnelMtu(type, {
    globalMtu: core.global_physnet_mtu,
    pathMtu: ml2.path_mtu,
    overlayIpVersion: ml2.overlay_ip_version,
    geneveHeader: geneve.max_header_size,
  });
  return tunnelTypeDriver({ type, pool: poolOf(type, setup), mtu });
}

function poolOf(type: RangedType, { options, random }: DriverSetup): IdPool {
  const ranges = hasServicePlugin(options, 'network_segment_range')
    ? storedRanges(type)
    : fixedRanges(configuredRanges(type, options));
  return new IdPool(type, ranges, random);
}
