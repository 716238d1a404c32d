import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HttpAnswer, Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { reportAgents } from '../support/stand-in-agents.ts';
import { allowed, otherAnswers } from './allowed.ts';
import { extensionAt, withoutAbsent } from './attributes.ts';
import { compare, type Difference } from './differences.ts';
import { bodyText, type RecordedPair, type Recording, readAllRecordings, readRecording } from './recording.ts';
import { Renaming } from './renaming.ts';
import { waiting } from './waiting.ts';

/**
 * Sends what was sent to the real server to ours, in the same order, and compares the answers: status, the headers that
 * matter, every key of the body. Ids and times are renamed one to one. What may differ stands in `allowed.ts`, what cannot
 * be asked yet in `waiting.ts`, each with its reason.
 */
let folder: string;
let deployment: Deployment;
let extensions: ReadonlySet<string>;
const renaming = new Renaming();
/** The network of the port whose bindings are compared. */
let guestsNetwork = '';
/** The network of the segment that is compared. */
let segmentsNetwork = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-compat-'));
  deployment = await makeDeployment({
    folder,
    server: {
      DEFAULT: { dns_domain: 'peer.example.', service_plugins: 'segments' },
      ml2: { type_drivers: 'local,flat,vlan,vxlan', tenant_network_types: 'vxlan' },
      ml2_type_flat: { flat_networks: '*' },
      ml2_type_vlan: { network_vlan_ranges: 'physnet1:100:199' },
      ml2_type_vxlan: { vni_ranges: '1000:20000' },
      securitygroup: { enable_security_group: true, firewall_driver: 'iptables' },
    },
  });
  await deployment.start();
  const listed = await deployment.api.expect('GET', '/v2.0/extensions');
  extensions = new Set(listed.extensions.map((extension: Json) => extension.alias));
  await reportAgents(deployment, recordedAgents());
  await learnAgents();
  await learnDefaultGroups();
});

afterAll(async () => {
  await deployment?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Files in the order in which they were recorded: each finds what the ones before it left. `before` makes what was there. */
const sequence: readonly { file: string; before?: () => Promise<void>; after?: () => Promise<void> }[] = [
  { file: 'versions' },
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
  { file: 'quotas' },
  { file: 'misc' },
  { file: 'errors', before: makePortsInUse },
];

for (const { file, before, after } of sequence) {
  const recording = readRecording(file);
  describe(file, () => {
    if (before) beforeAll(before);
    if (after) afterAll(after);
    for (const [at, pair] of recording.pairs.entries()) {
      if (waiting(pair, recording) !== null) continue;
      it(`${at + 1} ${pair.name} as ${pair.as}: ${pair.request.method} ${pair.request.path.slice(0, 60)}`, async () => {
        await beforePair(pair, recording);
        const other = otherAnswers.find((one) => one.recording === recording.name && one.pair === pair.name);
        if (other === undefined) return expect(await replay(pair, recording)).toEqual([]);
        const { status, body } = await send(pair, recording);
        expect({ status, body }).toMatchObject(other.ours);
        const { response } = pair;
        expect({ status: response.status, type: response.body?.NeutronError?.type }).toEqual({
          type: undefined,
          ...other.recorded,
        });
      });
    }
  });
}

describe('what is not replayed', () => {
  it('every recorded pair is replayed or waits for a reason', () => {
    const files = new Set(sequence.map(({ file }) => file));
    const lost = readAllRecordings().flatMap((recording) =>
      recording.pairs
        .filter((pair) => !files.has(recording.name) && waiting(pair, recording) === null)
        .map((pair) => `${recording.name}: ${pair.name} as ${pair.as}`),
    );
    expect(lost).toEqual([]);
  });

  it('every exception is for a pair that is replayed', () => {
    for (const { recording, pair } of otherAnswers) {
      const found = readRecording(recording).pairs.find(({ name }) => name === pair)!;
      expect(found && waiting(found, readRecording(recording)), pair).toBeNull();
    }
  });

  it('the list of what waits, by reason', () => {
    const reasons = new Map<string, number>();
    let replayed = 0;
    for (const recording of readAllRecordings()) {
      for (const pair of recording.pairs) {
        const reason = waiting(pair, recording);
        if (reason === null) replayed++;
        else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      }
    }
    console.log(
      `${replayed} recorded pairs replayed; waiting:\n${[...reasons].map(([reason, count]) => `  ${String(count).padStart(4)}  ${reason}`).join('\n')}`,
    );
    expect(replayed).toBeGreaterThan(0);
  });
});

/** The recorded headers alone, without those a client has anyway. */
const notSent = { accept: null, 'content-type': null };

function send(pair: RecordedPair, recording: Recording): Promise<HttpAnswer> {
  const { method, path, headers, body } = pair.request;
  // Links in answers repeat the Host header; the project stands in for the token, which nobody checks here.
  const project = recording.projects[pair.as] ?? recording.projects.admin!;
  const own = { host: '127.0.0.1:39696', 'x-project-id': project, 'x-roles': pair.as === 'admin' ? 'admin' : 'member' };
  const text = bodyText(withoutAbsent(renaming.applyTo(body), extensions));
  return deployment.api.request(method, renaming.apply(path), text, { ...notSent, ...lowerCase(headers), ...own });
}

async function replay(pair: RecordedPair, recording: Recording): Promise<string[]> {
  const answer = await send(pair, recording);
  const differences: Difference[] = [];
  if (answer.status !== pair.response.status)
    differences.push({
      place: 'status',
      recorded: pair.response.status,
      ours: `${answer.status} ${answer.text.slice(0, 300)}`,
    });
  for (const name of ['content-type', 'x-openstack-request-id']) {
    const recorded = pair.response.headers.find(([key]) => key.toLowerCase() === name)?.[1];
    const ours = answer.headers[name];
    const same =
      name === 'content-type'
        ? (recorded ?? '').split(';')[0] === String(ours ?? '').split(';')[0]
        : (recorded === undefined) === (ours === undefined);
    if (!same) differences.push({ place: `header ${name}`, recorded, ours });
  }
  const { recorded, ours } = withoutHidden(
    pair,
    pair.response.body,
    answer.text === '' || answer.text === 'null' ? null : (answer.body ?? { '(text)': answer.text }),
  );
  differences.push(...compare(recorded, ours, renaming));
  return differences
    .filter((difference) => !extensionIsAbsent(difference))
    .filter(
      (difference) =>
        !allowed.some(
          (rule) =>
            rule.place.test(difference.place) &&
            (rule.pairs?.(pair, recording) ?? true) &&
            (rule.when?.(difference.recorded, difference.ours) ?? true),
        ),
    )
    .map(({ place, recorded, ours }) => `${place}: recorded ${JSON.stringify(recorded)}, ours ${JSON.stringify(ours)}`);
}

/** The one rule for attributes: what an extension brings that we do not list yet is not expected of us. */
function extensionIsAbsent({ place, ours }: Difference): boolean {
  const extension = extensionAt(place);
  return extension !== null && ours === undefined && !extensions.has(extension);
}

/**
 * Ports of DHCP agents are no part of the comparison: the recorded server had a running agent that made one on every subnet
 * with DHCP, the stand-ins here make none.
 */
function withoutHidden(pair: RecordedPair, recorded: Json, ours: Json): { recorded: Json; ours: Json } {
  const hide = (body: Json): Json =>
    Array.isArray(body?.ports) && pair.request.method === 'GET'
      ? { ...body, ports: body.ports.filter((port: Json) => port.device_owner !== 'network:dhcp') }
      : body;
  return { recorded: hide(recorded), ours: hide(ours) };
}

function lowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function recordedAgents(): Json[] {
  return readRecording('agents').pairs.find((pair) => pair.name === 'list-admin')!.response.body.agents;
}

async function learnAgents(): Promise<void> {
  const ours = await deployment.api.list('agent');
  for (const agent of recordedAgents())
    renaming.learn(agent.id, ours.find((one) => one.binary === agent.binary && one.host === agent.host)!.id);
}

/** The groups that ports are in when nothing is said: each project's own. */
async function learnDefaultGroups(): Promise<void> {
  const { projects, pairs } = readRecording('security-groups');
  const [demo] = pairs.find(({ name }) => name === 'list name=default')!.response.body.security_groups;
  const [port] = readRecording('ports-admin-bound').pairs;
  for (const [project, recorded] of [
    [projects.demo, demo.id],
    [projects.admin, port!.response.body.port.security_groups[0]],
  ]) {
    const found = await deployment.api.expect('GET', `/v2.0/security-groups?name=default&project_id=${project}`);
    renaming.learn(recorded, found.security_groups[0].id);
    for (const rule of found.security_groups[0].security_group_rules) {
      const same = demo.security_group_rules.find(
        (one: Json) => one.direction === rule.direction && one.ethertype === rule.ethertype,
      );
      if (recorded === demo.id) renaming.learn(same.id, rule.id);
    }
  }
}

/** The segment that was recorded: the one of network `cap`, under a network made for this alone. */
async function makeSegment(): Promise<void> {
  const [{ response }] = readRecording('segments').pairs as [RecordedPair];
  const [recorded] = response.body.segments;
  const network = await deployment.api.create('network', {
    name: 'of a segment',
    'provider:network_type': 'vxlan',
    'provider:segmentation_id': recorded.segmentation_id,
  });
  const listed = await deployment.api.expect('GET', `/v2.0/segments?network_id=${network.id}`);
  renaming.learn(recorded.network_id, network.id);
  renaming.learn(recorded.id, listed.segments[0].id);
  segmentsNetwork = network.id;
}

/** Lists of networks recorded later do not know it. */
async function removeSegment(): Promise<void> {
  await deployment.api.remove('network', segmentsNetwork);
  const [{ response }] = readRecording('segments').pairs as [RecordedPair];
  renaming.forget(response.body.segments[0].network_id);
}

/** The group whose rules were recorded. */
async function makeGroup(): Promise<void> {
  const { projects, pairs } = readRecording('security-group-rules');
  const wanted = { security_group: { name: 'rules', project_id: projects.demo } };
  const { security_group: group } = await deployment.api.expect('POST', '/v2.0/security-groups', wanted);
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
async function makeNetwork(): Promise<void> {
  const project = readRecording('subnets').projects.demo!;
  const network = await deployment.api.create('network', { name: 'cap', project_id: project });
  renaming.learn(recordedNetwork(), network.id);
}

async function makeSubnet(): Promise<void> {
  const subnet = await deployment.api.create('subnet', {
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
async function makePool(): Promise<void> {
  const { projects, pairs } = readRecording('subnetpools-alloc');
  const { network_id, subnetpool_id } = pairs.find(({ name }) => name === 'subnet-from-pool')!.request.body.subnet;
  const project_id = projects.demo!;
  const pool = { name: 'cap', project_id, prefixes: ['10.140.0.0/16'], default_prefixlen: 26 };
  renaming.learn(subnetpool_id, (await deployment.api.create('subnetpool', pool)).id);
  renaming.learn(network_id, (await deployment.api.create('network', { name: 'cap-pool', project_id })).id);
}

/** The way outside that was made for routers. */
async function makeExternal(): Promise<void> {
  const { projects, pairs } = readRecording('errors');
  const { networks } = pairs.find(({ name }) => name === 'accept-none')!.response.body;
  const recorded = networks.find((network: Json) => network.name === 'capext');
  const project_id = projects.admin!;
  const network = await deployment.api.create('network', { name: 'capext', project_id, 'router:external': true });
  const subnet = await deployment.api.create('subnet', {
    network_id: network.id,
    ip_version: 4,
    cidr: '198.18.210.0/24',
    enable_dhcp: false,
    project_id,
  });
  renaming.learn(recorded.id, network.id);
  renaming.learn(recorded.subnets[0], subnet.id);
}

/** The port whose bindings were recorded, with its agents on both hosts. */
async function makeBoundPort(): Promise<void> {
  const network = await deployment.api.create('network', { name: 'of a guest that moves' });
  guestsNetwork = network.id;
  const port = await deployment.api.create('port', {
    network_id: network.id,
    'binding:host_id': 'host1',
    device_owner: 'compute:nova',
  });
  const [, recorded] = /ports\/([0-9a-f-]{36})\//.exec(readRecording('port-bindings').pairs[0]!.request.path)!;
  renaming.learn(recorded!, port.id);
}

/** Lists of networks recorded later do not know it. */
async function removeBoundPort(): Promise<void> {
  const { ports } = await deployment.api.expect('GET', `/v2.0/ports?network_id=${guestsNetwork}`);
  for (const { id } of ports) await deployment.api.expect('DELETE', `/v2.0/ports/${id}`);
  await deployment.api.expect('DELETE', `/v2.0/networks/${guestsNetwork}`);
}

/** Ports that keep network and subnet in use; in the recording routers had some there. */
async function makePortsInUse(): Promise<void> {
  const [network_id, subnet_id] = [recordedNetwork(), recordedSubnet()].map((id) => renaming.apply(id));
  for (const device_id of ['a', 'b', 'c']) {
    await deployment.api.create('port', {
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
async function orderAsRecorded(pair: RecordedPair): Promise<void> {
  const recorded: string[] = pair.response.body.networks.map((network: Json) => network.id);
  const project_id = pair.response.body.networks[0].project_id;
  for (const id of recorded) {
    await deployment.api.remove('network', renaming.apply(id));
    renaming.forget(id);
  }
  for (;;) {
    const made = await deployment.api.createMany(
      'network',
      pair.request.body.networks.map((network: Json) => ({ ...network, project_id })),
    );
    const same = made[0]!.id < made[1]!.id === recorded[0]! < recorded[1]!;
    if (same) return void recorded.map((id, at) => renaming.learn(id, made[at]!.id));
    for (const network of made) await deployment.api.remove('network', network.id);
  }
}

/** One network and nothing else for the second project (its default group needs no room). */
async function limitAlt({ projects }: Recording): Promise<void> {
  const quota = { network: 1, port: 0, security_group: 0 };
  await deployment.api.expect('PUT', `/v2.0/quotas/${projects.alt}`, { quota });
}

/** What was done between two pairs. */
async function beforePair(pair: RecordedPair, recording: Recording): Promise<void> {
  if (recording.name === 'networks-bulk-paging' && pair.name === 'page1') await orderAsRecorded(recording.pairs[0]!);
  if (pair.name === 'quota-first') await limitAlt(recording);
  if (recording.name !== 'errors' || pair.name !== 'port-duplicate-fixed-ip') return;
  const update = recording.pairs.find((one) => one.name === 'port-if-match-bad')!;
  const recorded = update.response.body.port;
  const port = await deployment.api.create('port', {
    network_id: renaming.apply(recorded.network_id),
    fixed_ips: [{ ip_address: '10.11.0.60' }],
    project_id: recording.projects.demo!,
  });
  renaming.learn(recorded.id, port.id);
  renaming.learn(recorded.mac_address, port.mac_address);
}
