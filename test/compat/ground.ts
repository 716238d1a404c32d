import type { Json } from '../support/api.ts';
import { type RecordedPair, type Recording, readRecording } from './recording.ts';
import type { Stage } from './stage.ts';

/** What was there when a file was recorded, made here, and its names learnt. */
type Made = (stage: Stage) => Promise<void>;

/** The network of the port whose bindings are compared. */
let guestsNetwork = '';
/** The network of the segment that is compared. */
let segmentsNetwork = '';

/** Recorded ids of the ports of the trunk that is compared. */
const trunkPorts: string[] = [];

/** Files in the order in which they were recorded: each finds what the ones before it left. `before` makes what was there. */
export const sequence: readonly { file: string; before?: Made; after?: Made }[] = [
  { file: 'versions' },
  { file: 'extensions' },
  { file: 'agents' },
  { file: 'networks-demo' },
  { file: 'networks-admin-minimal' },
  { file: 'networks-admin-external-flat' },
  { file: 'networks-admin-provider-vlan' },
  { file: 'networks-bulk-paging' },
  { file: 'segments', before: makeSegment, after: removeSegment },
  { file: 'subnets', before: makeNetwork },
  { file: 'subnets-v6' },
  { file: 'subnets-pools-nogw' },
  { file: 'ports-demo', before: makeSubnet },
  { file: 'ports-admin-bound' },
  { file: 'ports-nosec' },
  { file: 'port-bindings', before: makeBoundPort, after: removeBoundPort },
  { file: 'ports-bulk' },
  { file: 'subnetpools' },
  { file: 'subnetpools-alloc', before: makePool },
  { file: 'address-scopes' },
  { file: 'address-groups' },
  { file: 'security-groups' },
  { file: 'security-group-rules', before: makeGroup },
  { file: 'rbac-policies' },
  { file: 'tags', before: makeExternal },
  { file: 'routers-floatingips', before: makeRouted, after: removeRouted },
  { file: 'metering-labels' },
  { file: 'trunks', before: makeTrunkPorts, after: removeTrunkPorts },
  { file: 'quotas' },
  { file: 'qos' },
  { file: 'misc' },
  { file: 'errors', before: makePortsInUse },
];

/** The segment that was recorded: the one of network `cap`, under a network made for this alone. */
async function makeSegment({ api, renaming }: Stage): Promise<void> {
  const [{ response }] = readRecording('segments').pairs as [RecordedPair];
  const [recorded] = response.body.segments;
  const network = await api.create('network', {
    name: 'of a segment',
    'provider:network_type': 'vxlan',
    'provider:segmentation_id': recorded.segmentation_id,
  });
  const listed = await api.expect('GET', `/v2.0/segments?network_id=${network.id}`);
  renaming.learn(recorded.network_id, network.id);
  renaming.learn(recorded.id, listed.segments[0].id);
  segmentsNetwork = network.id;
}

/** Lists of networks recorded later do not know it. */
async function removeSegment({ api, renaming }: Stage): Promise<void> {
  await api.remove('network', segmentsNetwork);
  const [{ response }] = readRecording('segments').pairs as [RecordedPair];
  renaming.forget(response.body.segments[0].network_id);
}

/** The group whose rules were recorded. */
async function makeGroup({ api, renaming }: Stage): Promise<void> {
  const { projects, pairs } = readRecording('security-group-rules');
  const wanted = { security_group: { name: 'rules', project_id: projects.demo } };
  const { security_group: group } = await api.expect('POST', '/v2.0/security-groups', wanted);
  renaming.learn(pairs[0]!.request.body.security_group_rule.security_group_id, group.id);
  const list = pairs.find(({ name }) => name === 'list')!.response.body.security_group_rules;
  for (const rule of group.security_group_rules) {
    const same = list.find((one: Json) => one.direction === 'egress' && one.ethertype === rule.ethertype);
    renaming.learn(same.id, rule.id);
  }
}

const recordedNetwork = (): string => readRecording('subnets').pairs[0]!.request.body.subnet.network_id;
const recordedSubnet = (): string =>
  readRecording('ports-admin-bound').pairs[0]!.request.body.port.fixed_ips[0].subnet_id;

/** The network `cap`, which the recording made without recording it. */
async function makeNetwork({ api, renaming }: Stage): Promise<void> {
  const project = readRecording('subnets').projects.demo!;
  const network = await api.create('network', { name: 'cap', project_id: project });
  renaming.learn(recordedNetwork(), network.id);
}

async function makeSubnet({ api, renaming }: Stage): Promise<void> {
  const subnet = await api.create('subnet', {
    network_id: renaming.apply(recordedNetwork()),
    ip_version: 4,
    cidr: '10.11.0.0/24',
    // Addresses are picked at random: never one that the recording asks for by name or was given itself.
    allocation_pools: [{ start: '10.11.0.100', end: '10.11.0.180' }],
    project_id: readRecording('ports-admin-bound').projects.demo!,
  });
  renaming.learn(recordedSubnet(), subnet.id);
}

/** The pool `cap` takes no subnets from, and the network `cap-pool` that does. */
async function makePool({ api, renaming }: Stage): Promise<void> {
  const { projects, pairs } = readRecording('subnetpools-alloc');
  const { network_id, subnetpool_id } = pairs.find(({ name }) => name === 'subnet-from-pool')!.request.body.subnet;
  const project_id = projects.demo!;
  const pool = { name: 'cap', project_id, prefixes: ['10.140.0.0/16'], default_prefixlen: 26 };
  renaming.learn(subnetpool_id, (await api.create('subnetpool', pool)).id);
  renaming.learn(network_id, (await api.create('network', { name: 'cap-pool', project_id })).id);
}

/** The way outside that was made for routers. */
async function makeExternal({ api, renaming }: Stage): Promise<void> {
  const { projects, pairs } = readRecording('errors');
  const { networks } = pairs.find(({ name }) => name === 'accept-none')!.response.body;
  const recorded = networks.find((network: Json) => network.name === 'capext');
  const project_id = projects.admin!;
  const network = await api.create('network', { name: 'capext', project_id, 'router:external': true });
  const subnet = await api.create('subnet', {
    network_id: network.id,
    ip_version: 4,
    cidr: '198.18.210.0/24',
    enable_dhcp: false,
    project_id,
  });
  renaming.learn(recorded.id, network.id);
  renaming.learn(recorded.subnets[0], subnet.id);
}

/** Id of the port that floating addresses lead to in the recording. */
const floatedTo = '345d341c-bfaa-447a-a769-de66fe20ea0c';

/** The port that floating addresses lead to. */
async function makeRouted({ api, renaming }: Stage): Promise<void> {
  const { projects, pairs } = readRecording('routers-floatingips');
  const associated = pairs.find(({ request }) => request.body?.floatingip?.port_id === floatedTo)!;
  const { port_details } = associated.response.body.floatingip;
  const port = await api.create('port', {
    network_id: renaming.apply(port_details.network_id),
    fixed_ips: [{ ip_address: associated.response.body.floatingip.fixed_ip_address }],
    project_id: projects.demo!,
  });
  renaming.learn(floatedTo, port.id);
  renaming.learn(port_details.mac_address, port.mac_address);
}

async function removeRouted({ api, renaming }: Stage): Promise<void> {
  await api.remove('port', renaming.apply(floatedTo));
  renaming.forget(floatedTo);
}

/** The port whose bindings were recorded, with its agents on both hosts. */
async function makeBoundPort({ api, renaming }: Stage): Promise<void> {
  const network = await api.create('network', { name: 'of a guest that moves' });
  guestsNetwork = network.id;
  const port = await api.create('port', {
    network_id: network.id,
    'binding:host_id': 'host1',
    device_owner: 'compute:nova',
  });
  const [, recorded] = /ports\/([0-9a-f-]{36})\//.exec(readRecording('port-bindings').pairs[0]!.request.path)!;
  renaming.learn(recorded!, port.id);
}

/** Lists of networks recorded later do not know it. */
async function removeBoundPort({ api }: Stage): Promise<void> {
  const { ports } = await api.expect('GET', `/v2.0/ports?network_id=${guestsNetwork}`);
  for (const { id } of ports) await api.expect('DELETE', `/v2.0/ports/${id}`);
  await api.expect('DELETE', `/v2.0/networks/${guestsNetwork}`);
}

/** A parent and a port to be carried by it. */
async function makeTrunkPorts({ api, renaming }: Stage): Promise<void> {
  const { projects, pairs } = readRecording('trunks');
  const answer = (name: string) => pairs.find((pair) => pair.name === name)!.response.body;
  const { port: recorded } = answer('port-show-trunk-details');
  const [carried] = recorded.trunk_details.sub_ports;
  for (const { id, mac_address, fixed_ips } of [recorded, { ...carried, id: carried.port_id }]) {
    const port = await api.create('port', {
      network_id: renaming.apply(recorded.network_id),
      project_id: projects.demo!,
      ...(fixed_ips && { fixed_ips: [{ ip_address: fixed_ips[0].ip_address }] }),
    });
    renaming.learn(id, port.id);
    renaming.learn(mac_address, port.mac_address);
    trunkPorts.push(id);
  }
}

/** What is recorded later does not know them. */
async function removeTrunkPorts({ api, renaming }: Stage): Promise<void> {
  for (const id of trunkPorts) {
    await api.remove('port', renaming.apply(id));
    renaming.forget(id);
  }
}

/** Ports that keep network and subnet in use; in the recording routers had some there. */
async function makePortsInUse({ api, renaming }: Stage): Promise<void> {
  const [network_id, subnet_id] = [recordedNetwork(), recordedSubnet()].map((id) => renaming.apply(id));
  for (const device_id of ['a', 'b', 'c']) {
    await api.create('port', {
      network_id,
      fixed_ips: [{ subnet_id }],
      device_id,
      device_owner: 'compute:nova',
    });
  }
}

/**
 * Pages show networks in the order of their ids. They are made anew until that order is the recorded one, so that each page
 * holds the same network.
 */
async function orderAsRecorded({ api, renaming }: Stage, pair: RecordedPair): Promise<void> {
  const recorded: string[] = pair.response.body.networks.map((network: Json) => network.id);
  const project_id = pair.response.body.networks[0].project_id;
  for (const id of recorded) {
    await api.remove('network', renaming.apply(id));
    renaming.forget(id);
  }
  for (;;) {
    const made = await api.createMany(
      'network',
      pair.request.body.networks.map((network: Json) => ({ ...network, project_id })),
    );
    const same = made[0]!.id < made[1]!.id === recorded[0]! < recorded[1]!;
    if (same) return void recorded.map((id, at) => renaming.learn(id, made[at]!.id));
    for (const network of made) await api.remove('network', network.id);
  }
}

/** One network and nothing else for the second project (its default group needs no room). */
async function limitAlt({ api }: Stage, { projects }: Recording): Promise<void> {
  const quota = { network: 1, port: 0, router: 0, security_group: 0 };
  await api.expect('PUT', `/v2.0/quotas/${projects.alt}`, { quota });
}

/** What was done between two pairs. */
export async function beforePair(stage: Stage, pair: RecordedPair, recording: Recording): Promise<void> {
  const { api, renaming } = stage;
  if (recording.name === 'networks-bulk-paging' && pair.name === 'page1')
    await orderAsRecorded(stage, recording.pairs[0]!);
  if (pair.name === 'quota-first') await limitAlt(stage, recording);
  if (recording.name !== 'errors' || pair.name !== 'port-duplicate-fixed-ip') return;
  const update = recording.pairs.find((one) => one.name === 'port-if-match-bad')!;
  const recorded = update.response.body.port;
  const port = await api.create('port', {
    network_id: renaming.apply(recorded.network_id),
    fixed_ips: [{ ip_address: '10.11.0.60' }],
    project_id: recording.projects.demo!,
  });
  renaming.learn(recorded.id, port.id);
  renaming.learn(recorded.mac_address, port.mac_address);
}
