import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { type Deployment, makeDeployment } from '../support/deployment.ts';
import { reportAgents } from '../support/stand-in-agents.ts';
import { allowed } from './allowed.ts';
import { extensionAt } from './attributes.ts';
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

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neutrino-compat-'));
  deployment = await makeDeployment({
    folder,
    server: {
      DEFAULT: { dns_domain: 'peer.example.' },
      // As recorded, but for VXLAN and VLAN, which come with a later part: tenant networks are local here.
      ml2_type_flat: { flat_networks: '*' },
    },
  });
  await deployment.start();
  const listed = await deployment.api.expect('GET', '/v2.0/extensions');
  extensions = new Set(listed.extensions.map((extension: Json) => extension.alias));
  await reportAgents(deployment, recordedAgents());
  await learnAgents();
});

afterAll(async () => {
  await deployment?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Files in the order in which they were recorded: each finds what the ones before it left. `before` makes what was there. */
const sequence: readonly { file: string; before?: () => Promise<void> }[] = [
  { file: 'versions' },
  { file: 'agents' },
  { file: 'networks-demo' },
  { file: 'networks-admin-minimal' },
  { file: 'networks-admin-external-flat' },
  { file: 'networks-bulk-paging' },
  { file: 'subnets', before: makeNetwork },
  { file: 'subnets-v6' },
  { file: 'subnets-pools-nogw' },
  { file: 'ports-demo', before: makeSubnet },
  { file: 'ports-admin-bound' },
  { file: 'ports-nosec' },
  { file: 'ports-bulk' },
  { file: 'errors' },
];

for (const { file, before } of sequence) {
  const recording = readRecording(file);
  describe(file, () => {
    if (before) beforeAll(before);
    for (const [at, pair] of recording.pairs.entries()) {
      if (waiting(pair, recording) !== null) continue;
      it(`${at + 1} ${pair.name} as ${pair.as}: ${pair.request.method} ${pair.request.path.slice(0, 60)}`, async () => {
        await beforePair(pair, recording);
        expect(await replay(pair, recording)).toEqual([]);
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

async function replay(pair: RecordedPair, recording: Recording): Promise<string[]> {
  const { method, path, headers, body } = pair.request;
  // Links in answers repeat the Host header; the project stands in for the token, which nobody checks here.
  const project = recording.projects[pair.as] ?? recording.projects.admin!;
  const own = { host: '127.0.0.1:39696', 'x-project-id': project, 'x-roles': pair.as === 'admin' ? 'admin' : 'member' };
  const text = bodyText(renaming.applyTo(body));
  const answer = await deployment.api.request(method, renaming.apply(path), text, { ...lowerCase(headers), ...own });

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
    answer.text === '' ? null : (answer.body ?? { '(text)': answer.text }),
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

/** The network `cap`, which the recording made without recording it. */
async function makeNetwork(): Promise<void> {
  const project = readRecording('subnets').projects.demo!;
  const network = await deployment.api.create('network', { name: 'cap', project_id: project });
  renaming.learn(readRecording('subnets').pairs[0]!.request.body.subnet.network_id, network.id);
}

async function makeSubnet(): Promise<void> {
  const bound = readRecording('ports-admin-bound');
  const fixed = bound.pairs[0]!.request.body.port;
  const subnet = await deployment.api.create('subnet', {
    network_id: renaming.apply(fixed.network_id),
    ip_version: 4,
    cidr: '10.11.0.0/24',
    project_id: bound.projects.demo!,
  });
  renaming.learn(fixed.fixed_ips[0].subnet_id, subnet.id);
}

/** In the errors' recording a port was made between two pairs. */
async function beforePair(pair: RecordedPair, recording: Recording): Promise<void> {
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
