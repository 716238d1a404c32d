import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../../lib/log.ts';
import { tapName } from '../../lib/names.ts';
import { defaultValues } from '../../lib/options.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { BoundDeviceDetails } from '../../rpc/contract.ts';
import { FakeTransport } from '../../rpc/fake.ts';
import { BridgeAgent } from '../bridge/agent.ts';
import { bridgeAgentOptions, linuxBridgeOptions, securityGroupOptions } from '../bridge/options.ts';
import { deviceDetails } from '../bridge/testing.ts';
import { vxlanOptions } from '../bridge/vxlan-options.ts';

/** The agent on a host that is a model, with a server that is a table: what it makes of trunks, and what it says of them. */
const parentPort = 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const [web, db] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const networks: Record<string, string> = {
  [parentPort]: 'eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee',
  [web]: 'cccccccc-cccc-4ccc-8ccc-cccccccccccc',
  [db]: 'dddddddd-dddd-4ddd-8ddd-dddddddddddd',
};
const brq = (port: string) => `brq${networks[port]!.slice(0, 11)}`;
const [parent, webTap, dbTap] = [parentPort, web, db].map(tapName) as [string, string, string];

interface ServersTrunk {
  status: string;
  subPorts: Map<string, number>;
}

let host: FakeHost;
let transport: FakeTransport;
let agent: BridgeAgent;
let log: { level: string; fields: Record<string, unknown>; message: string }[];
/** What the server has. */
let trunk: ServersTrunk | null;
let bindable: Set<string>;
let bound: Map<string, BoundDeviceDetails>;
let statuses: string[];

const details = (port: string, changes: Partial<BoundDeviceDetails> = {}) =>
  deviceDetails(port, {
    network_id: networks[port]!,
    device_owner: port === parentPort ? 'network:dhcp' : 'trunk:subport',
    ...changes,
  });

const object = (name: string, data: object) => ({
  'versioned_object.name': name,
  'versioned_object.namespace': 'versionedobjects',
  'versioned_object.version': '1.0',
  'versioned_object.data': data,
});
const subPort = ([port_id, segmentation_id]: readonly [string, number]) => ({
  ...{ port_id, trunk_id: 't1', segmentation_type: 'vlan', segmentation_id },
});
const trunkObject = () =>
  object('Trunk', {
    ...{ id: 't1', port_id: parentPort, admin_state_up: true, status: trunk!.status },
    sub_ports: [...trunk!.subPorts].map((one) => object('SubPort', subPort(one))),
  });

beforeEach(() => {
  host = new FakeHost();
  log = [];
  statuses = [];
  trunk = { status: 'DOWN', subPorts: new Map([[web, 100]]) };
  bindable = new Set([web, db]);
  bound = new Map([[parent, details(parentPort)]]);
  transport = new FakeTransport({
    report_state: 'alive',
    get_devices_details_list: ({ devices }: { devices: string[] }) =>
      devices.map((device) => bound.get(device) ?? { device }),
    update_device_up: null,
    update_device_down: ({ device }: { device: string }) => ({ device, exists: true }),
    update_device_list: { devices_up: [], failed_devices_up: [], devices_down: [], failed_devices_down: [] },
    bulk_pull: ({ filter_kwargs }: { filter_kwargs: { port_id: string[] } }) =>
      trunk && filter_kwargs.port_id.includes(parentPort) ? [trunkObject()] : [],
    update_subport_bindings: ({ subports }: { subports: { port_id: string }[] }) => {
      const ids = subports.map(({ port_id }) => port_id).filter((id) => bindable.has(id));
      for (const id of ids) bound.set(tapName(id), details(id));
      trunk!.status = ids.length < subports.length ? 'ERROR' : 'BUILD';
      return { t1: ids.map((id) => ({ id })) };
    },
    update_trunk_status: ({ status }: { status: string }) => {
      statuses.push(status);
      trunk!.status = status;
      return null;
    },
  });
});
afterEach(() => agent.close());

async function start(scanIntervalMs = 60_000): Promise<void> {
  const options = {
    linuxBridge: defaultValues(linuxBridgeOptions),
    vxlan: defaultValues(vxlanOptions, { enable_vxlan: false }),
    agent: defaultValues(bridgeAgentOptions),
    securityGroup: defaultValues(securityGroupOptions, { enable_security_group: false }),
  };
  const keep = (level: string) => (fields: object, message: string) =>
    void log.push({ level, fields: fields as Record<string, unknown>, message });
  const logger: Logger = { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
  agent = new BridgeAgent({ host: 'host1', options, transport, linux: host, logger, scanIntervalMs });
  await agent.start();
  await agent.idle();
}

const restart = async () => {
  await agent.close();
  host.applied.length = 0;
  transport.sent.length = 0;
  log.length = 0;
  await start();
};
const push = async (name: 'Trunk' | 'SubPort', event_type: string, data: object) => {
  const topic = name === 'Trunk' ? 'neutron-vo-Trunk-1.1' : 'neutron-vo-SubPort-1.0';
  await transport.tell(topic, 'push', { resource_list: [object(name, data)], event_type });
  await agent.idle();
};
/** As the server does it: the row, then the message. */
const add = async (port: string, vid: number) => {
  trunk!.subPorts.set(port, vid);
  trunk!.status = 'DOWN';
  await push('SubPort', 'created', subPort([port, vid]));
};
const remove = async (port: string) => {
  const vid = trunk!.subPorts.get(port)!;
  trunk!.subPorts.delete(port);
  trunk!.status = 'DOWN';
  await push('SubPort', 'deleted', subPort([port, vid]));
};
/** Devices told of one by one or in lists. */
const reported = (method: 'update_device_up' | 'update_device_down') => [
  ...transport.argsOf(method).map(({ device }) => device),
  ...transport
    .argsOf('update_device_list')
    .flatMap((args) => (method === 'update_device_up' ? args.devices_up : args.devices_down) as string[]),
];
const vlanOf = async (name: string) => (await host.readNetwork()).links.get(name)?.vlan;
const complaints = () => log.filter(({ level }) => level === 'warn' || level === 'error');

describe('a trunk on this host', () => {
  it('becomes a VLAN device for each sub-port, in the bridge of its network', async () => {
    host.addTap(parent);
    trunk!.subPorts.set(db, 101);
    await start();
    expect(host.print()).toBe(
      [
        `${brq(web)} bridge up mtu 1500\n  ${webTap} vlan up mtu 1500`,
        `${brq(db)} bridge up mtu 1500\n  ${dbTap} vlan up mtu 1500`,
        `${brq(parentPort)} bridge up mtu 1500\n  ${parent} tun up mtu 1500`,
      ].join('\n'),
    );
    expect(await vlanOf(webTap)).toMatchObject({ link: parent, vid: 100 });
    expect(await vlanOf(dbTap)).toMatchObject({ link: parent, vid: 101 });
    expect(host.root.sysctls.get(`net/ipv6/conf/${webTap}/disable_ipv6`)).toBe('1');
    expect(transport.argsOf('update_subport_bindings')).toEqual([
      { subports: [subPort([web, 100]), subPort([db, 101])] },
    ]);
    expect(statuses).toEqual(['ACTIVE']);
    expect(reported('update_device_up').sort()).toEqual([webTap, dbTap, parent].sort());
    expect(complaints()).toEqual([]);
  });

  it('is asked for once for all taps, and not again for ports that have none', async () => {
    trunk = null;
    host.addTap(parent);
    host.addTap(webTap);
    bound.set(webTap, details(web));
    await start();
    expect(transport.argsOf('bulk_pull')).toEqual([
      { resource_type: 'Trunk', version: '1.1', filter_kwargs: { port_id: [parentPort, web] } },
    ]);
    await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: web } });
    await agent.idle();
    expect(transport.argsOf('bulk_pull')).toHaveLength(1);
  });

  it('can come when its parent is there, and goes without it', async () => {
    const later = trunk!;
    trunk = null;
    host.addTap(parent);
    await start();
    trunk = later;
    await push('Trunk', 'created', { id: 't1', port_id: parentPort });
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    trunk = null;
    await push('Trunk', 'deleted', { id: 't1', port_id: parentPort });
    expect(await vlanOf(webTap)).toBeUndefined();
    expect(host.print()).toContain(`${parent} tun up`);
    expect(reported('update_device_down')).toEqual([webTap]);
  });

  it('takes and loses sub-ports while the others stay as they are', async () => {
    host.addTap(parent);
    await start();
    const before = (await host.readNetwork()).links.get(webTap)!.ifindex;
    host.applied.length = 0;
    await add(db, 101);
    expect(transport.argsOf('update_subport_bindings').at(-1)).toEqual({ subports: [subPort([db, 101])] });
    expect(await vlanOf(dbTap)).toMatchObject({ link: parent, vid: 101 });
    await remove(db);
    expect(await vlanOf(dbTap)).toBeUndefined();
    expect((await host.readNetwork()).links.get(webTap)!.ifindex).toBe(before);
    expect(host.applied.filter((line) => line.includes(webTap))).toEqual([]);
    expect(statuses).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
  });

  it('is as it was after a restart, without a word to kernel or server', async () => {
    host.addTap(parent);
    await start();
    await restart();
    expect(host.applied).toEqual([]);
    expect(transport.argsOf('update_subport_bindings')).toEqual([]);
    expect(transport.argsOf('update_trunk_status')).toEqual([]);
  });

  it('is mended when somebody takes a device away or puts one there', async () => {
    host.addTap(parent);
    await start();
    host.removeLink(webTap);
    await agent.idle();
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    host.root.give(dbTap, { kind: 'vlan', vlan: { link: parent, vid: 7, protocol: '802.1Q' } });
    await agent.idle();
    expect(await vlanOf(dbTap)).toBeUndefined();
  });

  it('comes and goes with the tap of its parent', async () => {
    await start();
    expect(transport.argsOf('bulk_pull')).toEqual([]);
    host.addTap(parent);
    await agent.idle();
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    host.removeLink(parent);
    await agent.idle();
    expect((await host.readNetwork()).links.has(webTap)).toBe(false);
    expect(reported('update_device_down').sort()).toEqual([webTap, parent].sort());
    host.addTap(parent);
    await agent.idle();
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    expect(transport.argsOf('update_subport_bindings')).toHaveLength(2);
  });

  it('is told of again when the server took its status away', async () => {
    host.addTap(parent);
    await start();
    trunk!.status = 'DOWN';
    await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: parentPort } });
    await agent.idle();
    expect(statuses).toEqual(['ACTIVE', 'ACTIVE']);
    expect(transport.argsOf('update_subport_bindings')).toHaveLength(1);
  });

  it('waits for a server that does not answer, and leaves the host as it is', async () => {
    host.addTap(parent);
    transport.answer({
      update_subport_bindings: () => {
        throw new Error('away');
      },
    });
    await start();
    expect(await vlanOf(webTap)).toBeUndefined();
    expect(host.print()).toContain(`${parent} tun up`);
    expect(statuses).toEqual([]);
    expect(new Set(complaints().map(({ message }) => message))).toEqual(
      new Set(['The server did not bind the sub-ports']),
    );
    transport.answer({
      update_subport_bindings: () => {
        bound.set(webTap, details(web));
        return { t1: [{ id: web }] };
      },
    });
    transport.reconnect();
    await agent.idle();
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    expect(statuses).toEqual(['ACTIVE']);
  });
});

describe('what cannot be', () => {
  it('on a kernel without 802.1Q: the trunk is DEGRADED with one line in the log, its parent works', async () => {
    host.root.withoutKinds.add('vlan');
    host.addTap(parent);
    trunk!.subPorts.set(db, 101);
    await start();
    expect(statuses).toEqual(['DEGRADED']);
    expect(complaints()).toEqual([
      {
        level: 'warn',
        message: 'Sub-ports of a trunk cannot be wired',
        fields: {
          trunk: 't1',
          parent,
          devices: [webTap, dbTap],
          reason: 'this kernel has no VLANs (802.1Q): load the module 8021q, or use another kernel',
        },
      },
    ]);
    expect(host.print()).toBe(`${brq(parentPort)} bridge up mtu 1500\n  ${parent} tun up mtu 1500`);
    expect(reported('update_device_up')).toEqual([parent]);
    host.root.withoutKinds.clear();
    trunk!.status = 'DOWN';
    await push('Trunk', 'updated', { id: 't1', port_id: parentPort });
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    expect(statuses).toEqual(['DEGRADED', 'ACTIVE']);
  });

  it('on one sub-port does not keep the others from working', async () => {
    host.addTap(parent);
    host.addTap(dbTap);
    trunk!.subPorts.set(db, 101);
    await start();
    expect(await vlanOf(webTap)).toMatchObject({ vid: 100 });
    expect(await vlanOf(dbTap)).toBeUndefined();
    expect(statuses).toEqual(['DEGRADED']);
    expect(complaints().map(({ fields }) => fields.reason)).toEqual(['the port has a tap of its own on this host']);
  });

  it('at the server: its word on the trunk stands', async () => {
    bindable.delete(web);
    host.addTap(parent);
    await start();
    expect(statuses).toEqual([]);
    expect(trunk!.status).toBe('ERROR');
    expect(complaints().map(({ fields }) => fields.reason)).toEqual(['the server could not bind it to this host']);
  });

  it('with ids that are none', async () => {
    trunk!.subPorts = new Map([
      ['; reboot', 100],
      [web, 5000],
    ]);
    host.addTap(parent);
    await start();
    expect((await host.readNetwork()).links.size).toBe(3);
    expect(complaints()).toEqual([]);
  });
});

describe('explain', () => {
  const ask = async (id: string, device_owner: string) => {
    const port = { ...details(id), id, device_owner };
    const network = { id: networks[id], mtu: 1500, segments: [{ network_type: 'local' }] };
    const { steps } = (await transport.tell('neutrino-explain', 'explain_port', { port, network })) as {
      steps: { step: string; state: string; expected: string; found: string }[];
    };
    return steps.filter(({ step }) => step.startsWith('sub_port'));
  };

  it('says where a sub-port hangs, and what hangs on a parent', async () => {
    host.addTap(parent);
    await start();
    const place = `${webTap} is VLAN 100 of ${parent} (port ${parentPort}, trunk t1)`;
    expect(await ask(web, 'trunk:subport')).toEqual([{ step: 'sub_port', state: 'ok', expected: place, found: place }]);
    const carried = `trunk t1: ${webTap} VLAN 100 on ${parent}`;
    expect(await ask(parentPort, 'compute:nova')).toEqual([
      { step: 'sub_ports', state: 'ok', expected: carried, found: carried },
    ]);
    expect(await ask(db, 'compute:nova')).toEqual([]);
    expect(await ask(db, 'trunk:subport')).toMatchObject([{ step: 'sub_port', state: 'waiting' }]);
  });

  it('says what is missing', async () => {
    host.root.withoutKinds.add('vlan');
    host.addTap(parent);
    await start();
    expect(await ask(web, 'trunk:subport')).toMatchObject([{ state: 'fault', found: `${webTap} is no VLAN device` }]);
    expect(await ask(parentPort, '')).toMatchObject([{ state: 'fault', found: `missing: ${webTap} VLAN 100` }]);
  });
});

describe('a parent that is switched off', () => {
  it('takes its sub-ports down, and up again', async () => {
    host.addTap(parent);
    await start();
    const change = async (admin_state_up: boolean) => {
      bound.set(parent, details(parentPort, { admin_state_up }));
      await transport.tell('q-agent-notifier-port-update', 'port_update', { port: { id: parentPort } });
      await agent.idle();
    };
    await change(false);
    expect(host.print()).toContain(`${webTap} vlan down`);
    expect(reported('update_device_down').sort()).toEqual([webTap, parent].sort());
    await change(true);
    expect(host.print()).toContain(`${webTap} vlan up`);
    expect(reported('update_device_up').slice(-2).sort()).toEqual([webTap, parent].sort());
    expect(complaints()).toEqual([]);
  });
});
