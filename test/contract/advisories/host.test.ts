import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { derive } from '../../../src/agent/bridge/derive.ts';
import { plan } from '../../../src/agent/bridge/plan.ts';
import { MetadataAgent } from '../../../src/agent/metadata/agent.ts';
import { metadataAgentOptions, metadataOptions } from '../../../src/agent/metadata/options.ts';
import { silentLogger } from '../../../src/lib/log.ts';
import { defaultValues } from '../../../src/lib/options.ts';
import { HelperExec } from '../../../src/linux/exec/client.ts';
import { FakeHost } from '../../../src/linux/fake/host.ts';
import type { Tenants } from '../../support/tenants.ts';
import { attacker, makeCloud, victim } from './cloud.ts';

/** Advisories of what runs on a host: metadata, bridges, commands as root. */

describe('CVE-2013-6419 (OSSA-2013-033): metadata of another project’s guest', () => {
  const INSTANCE = '6f0c1d2e-0000-4000-8000-00000000abcd';
  const ADDRESS = '10.3.0.5';
  let t: Tenants;
  let folder: string;
  let nova: Server;
  let agent: MetadataAgent;
  const asked: IncomingHttpHeaders[] = [];
  const networks: Record<string, string> = {};

  beforeAll(async () => {
    t = await makeCloud();
    for (const who of [victim, attacker]) {
      const { id: network_id } = await t.create(who, 'networks', {});
      networks[who.project] = network_id;
      await t.create(who, 'subnets', { network_id, ip_version: 4, cidr: '10.3.0.0/24' });
      // The attacker says that its port is a card of the victim's guest, at the same address.
      await t.create(who, 'ports', { network_id, device_id: INSTANCE, fixed_ips: [{ ip_address: ADDRESS }] });
    }
    // Nova's own check: the guest has to be of the project that asks.
    nova = createServer((incoming, outgoing) => {
      asked.push(incoming.headers);
      const isOwner =
        incoming.headers['x-instance-id'] === INSTANCE && incoming.headers['x-tenant-id'] === victim.project;
      outgoing.writeHead(isOwner ? 200 : 404).end(isOwner ? 'secret of victim' : '');
    });
    await new Promise<void>((resolve) => nova.listen(0, '127.0.0.1', resolve));
    folder = await mkdtemp(join(tmpdir(), 'neutrino-advisories-'));
    agent = await start({ metadata_source: 'nova', nova_metadata_port: (nova.address() as AddressInfo).port });
  });
  afterAll(async () => {
    await agent.close();
    await new Promise((resolve) => nova.close(resolve));
    await rm(folder, { recursive: true });
    await t[Symbol.asyncDispose]();
  });

  async function start(source: object): Promise<MetadataAgent> {
    const given = { ...source, metadata_proxy_shared_secret: 's', metadata_proxy_socket: join(folder, 'proxy') };
    const made = new MetadataAgent({
      host: 'h',
      options: defaultValues(metadataOptions, given),
      agentOptions: defaultValues(metadataAgentOptions),
      transport: t.transport,
      logger: silentLogger,
    });
    await made.start();
    return made;
  }

  /** As the proxy of a network asks; headers the guest sent come with it. */
  function ask(network: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    const own = { ...headers, 'X-Neutron-Network-ID': network, 'X-Forwarded-For': ADDRESS };
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: join(folder, 'proxy'), path: '/latest/meta-data', headers: own }, (answer) => {
        let body = '';
        answer.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      });
      sent.on('error', reject).end();
    });
  }

  it('is asked for in the name of the port’s project, and refused by Nova', async () => {
    expect(await ask(networks.victim!)).toEqual({ status: 200, body: 'secret of victim' });
    const { status, body } = await ask(networks.attacker!);
    expect(status).toBe(404);
    expect(body).not.toContain('secret');
    expect(asked.at(-1)).toMatchObject({ 'x-instance-id': INSTANCE, 'x-tenant-id': 'attacker' });
  });

  it('is not asked for in a name that the guest gives', async () => {
    const { status } = await ask(networks.attacker!, { 'X-Tenant-ID': 'victim', 'X-Instance-ID': INSTANCE });
    expect(status).toBe(404);
    expect(asked.at(-1)).toMatchObject({ 'x-tenant-id': 'attacker' });
  });
});

describe('bridges of this host', () => {
  const details = {
    device: 'tapaaaaaaaa-aa',
    network_id: '11111111-1111-4111-8111-111111111111',
    port_id: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa',
    mac_address: 'fa:16:3e:00:00:01',
    admin_state_up: true,
    network_type: 'flat',
    segmentation_id: null,
    physical_network: 'public',
    mtu: 1500,
    fixed_ips: [],
    device_owner: 'compute:nova',
    allowed_address_pairs: [],
    port_security_enabled: true,
    qos_policy_id: null,
    qos_network_policy_id: null,
    profile: {},
    propagate_uplink_status: false,
  };

  async function planned() {
    const host = new FakeHost();
    host.addNic('eth9');
    host.addTap(details.device);
    const config = {
      interfaces: new Map([['public', 'eth9']]),
      bridges: new Map(),
      vxlan: null,
      lacking: new Map(),
      filtering: true,
    };
    const { state } = derive([details], config, await host.readNetwork());
    return { state, operations: plan(state, await host.readNetwork()) };
  }

  it('OSSN-0069: has no address of IPv6 at any moment', async () => {
    const { operations } = await planned();
    const at = (op: string, has: string) =>
      operations.findIndex((one) => one.op === op && JSON.stringify(one).includes(has));
    const made = at('ensure_bridge', 'brq');
    const off = at('sysctl', 'disable_ipv6');
    expect(operations[off]).toMatchObject({ value: '1' });
    expect(made).toBeGreaterThanOrEqual(0);
    expect(off).toBe(made + 1);
    expect(at('set_up', 'brq')).toBeGreaterThan(off);
  });

  it('CVE-2019-15753 (OSSA-2019-004): go on learning addresses', async () => {
    const { operations } = await planned();
    expect(operations.length).toBeGreaterThan(3);
    expect(JSON.stringify(operations)).not.toMatch(/age?ing/);
  });
});

describe('CVE-2013-6433, CVE-2014-3632: commands as root', () => {
  let exec: HelperExec;
  beforeEach(() => {
    exec = new HelperExec({ logger: silentLogger });
  });
  afterEach(() => exec.close());

  it.each([
    [['sh', '-c', 'true']],
    [['/bin/sh', '-c', 'true']],
    [['env']],
    [['cat', '/etc/shadow']],
    [['../../bin/sh']],
    [['ip; sh']],
    [['/tmp/ip', 'link']],
    [['']],
  ])('%j is not among them, without any configuration', async (argv) => {
    await expect(exec.run(argv)).rejects.toThrow(/not on the list/);
    await expect(exec.daemon(argv)).rejects.toThrow(/not on the list/);
  });
});
