import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/support/wait.ts';
import { silentLogger } from '../../lib/log.ts';
import type { AddressEvent } from '../../linux/contract.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { L3PluginApi, WireRouter } from '../../rpc/contract.ts';
import type { Transport } from '../../rpc/transport.ts';
import { applyDaemonStep, observeKept, planKept } from '../daemons/kept.ts';
import type { L3Facts, PartContext } from './contract.ts';
import { Draft } from './draft.ts';
import { HaRouters } from './ha.ts';
import { factsOf, ids, portOf, routerOf } from './testing.ts';

/** The part on a host that exists as a model: whose addresses come and go as the test says. */
class WatchedHost extends FakeHost {
  tell: (event: AddressEvent) => void = () => {};
  watched = 0;

  override async watchAddresses(onEvent: (event: AddressEvent) => void): Promise<{ close(): Promise<void> }> {
    this.watched += 1;
    this.tell = onEvent;
    return { close: async () => {} };
  }
}

let folder: string;
let facts: L3Facts;
let host: WatchedHost;
let reported: Record<string, string>;
let refreshed: string[];
let ha: HaRouters;
let context: PartContext;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ha-'));
  facts = factsOf({}, folder);
  host = new WatchedHost();
  reported = {};
  refreshed = [];
  ha = new HaRouters();
  const plugin = { updateHaStates: async (states: object) => void Object.assign(reported, states) };
  context = {
    transport: {} as Transport,
    plugin: plugin as unknown as L3PluginApi,
    linux: host,
    logger: silentLogger,
    facts,
    routers: () => [router],
    router: () => router,
    state: () => null,
    refresh: (routers) => void refreshed.push(...routers),
    ask() {},
    floatingIpStatuses() {},
  };
  await ha.first.start!(context);
});
afterEach(async () => {
  await ha.first.close!();
  await rm(folder, { recursive: true, force: true });
});

const router = routerOf({
  ha: true,
  ha_vr_id: 5,
  _ha_interface: portOf(ids.ha, ['169.254.192.7/18']),
  _ha_state: 'unknown',
});
const vip = { device: 'ha-dddddddd-00', cidr: '169.254.0.5/24' };
const become = (kind: AddressEvent['kind']) => host.tell({ kind, ...vip });

function derive(wire: WireRouter = router): Draft {
  const draft = new Draft(wire);
  draft.sysctl('net/ipv6/conf/all/forwarding', '1');
  ha.first.derive(draft, wire, facts);
  draft.device('internal', portOf(ids.internal, [])).addresses.push('10.0.0.1/24');
  if (wire._ha_interface?.id === ids.ha) draft.device('ha', wire._ha_interface);
  draft.device('gateway', portOf(ids.gateway, [])).sysctls.push(['ipv6', 'accept_ra', '2']);
  ha.last.derive(draft, wire, facts);
  return draft;
}

test('begins as backup, tells the server, and is followed from the first HA router on', async () => {
  await ha.first.prepare!([routerOf()], context);
  expect(host.watched).toBe(0);
  await ha.first.prepare!([router], context);
  await ha.first.prepare!([router], context);
  expect(host.watched).toBe(1);
  await until('the report', () => reported[ids.router] === 'standby');
  expect(await readFile(join(folder, 'ha_confs', ids.router, 'state'), 'utf8')).toBe('backup');
});

test('what the server knows already is not reported again', async () => {
  await ha.first.prepare!([{ ...router, _ha_state: 'standby' }], context);
  become('added');
  await until('a report', () => reported[ids.router] !== undefined);
  expect(reported).toEqual({ [ids.router]: 'active' });
});

test('the address of the primary comes and goes: the router is active and silent', async () => {
  await ha.first.prepare!([router], context);
  expect(derive()).toMatchObject({ isActive: false, routedBy: 'keepalived' });
  become('added');
  expect(refreshed).toEqual([ids.router]);
  expect(derive().isActive).toBe(true);
  const state = join(folder, 'ha_confs', ids.router, 'state');
  await until('the file', async () => (await readFile(state, 'utf8')) === 'primary');
  await until('the report', () => reported[ids.router] === 'active');
  become('removed');
  expect(derive().isActive).toBe(false);
  host.tell({ kind: 'added', device: vip.device, cidr: '169.254.192.7/18' });
  host.tell({ kind: 'added', device: 'ha-eeeeeeee-00', cidr: vip.cidr });
  expect(derive().isActive).toBe(false);
});

test('devices are left to keepalived; a standby forwards no IPv6 and learns no route by it', async () => {
  await ha.first.prepare!([router], context);
  const draft = derive();
  expect(draft.internal[0]).toMatchObject({
    addressedBy: 'keepalived',
    addresses: ['10.0.0.1/24', 'fe80::f816:3eff:fe00:1/64'],
    sysctls: [['ipv6', 'addr_gen_mode', '1']],
  });
  expect(draft.sysctls.get('net/ipv6/conf/all/forwarding')).toBe('0');
  expect(draft.sysctls.get('net/ipv4/ip_nonlocal_bind')).toBe('0');
  expect(draft.gateway!.sysctls).toContainEqual(['ipv6', 'accept_ra', '0']);
  expect(draft.gateway!.sysctls).not.toContainEqual(['ipv6', 'accept_ra', '2']);
  become('added');
  expect(derive().sysctls.get('net/ipv6/conf/all/forwarding')).toBe('1');
  expect(derive().gateway!.sysctls).toContainEqual(['ipv6', 'accept_ra', '2']);
});

test('a router that is no HA router has no keepalived, and keeps its addresses', async () => {
  const draft = derive(routerOf());
  expect(draft).toMatchObject({ isActive: true, routedBy: 'agent' });
  expect(draft.internal[0]).toMatchObject({ addressedBy: 'agent', addresses: ['10.0.0.1/24'] });
  expect(draft.daemons).toMatchObject([{ name: 'keepalived', isWanted: false }]);
});

test('without a port on the HA network there is no keepalived, and it is said why', () => {
  const draft = derive(routerOf({ ha: true, ha_vr_id: 5 }));
  expect(draft.problems).toEqual([{ resource: 'router', id: ids.router, reason: 'it has no port on the HA network' }]);
  expect(draft.daemons.some(({ isWanted }) => isWanted)).toBe(false);
});

test('nothing of a malformed port gets into a configuration that names programs to run', () => {
  const port = portOf('x\n}\nnotify "/x', ['169.254.192.7/18']);
  const daemons = derive({ ...router, _ha_interface: port }).daemons;
  expect(daemons.filter(({ isWanted }) => isWanted)).toEqual([]);
});

test('a pid file that is lost changes nothing; a process without the address is a backup', async () => {
  await ha.first.prepare!([router], context);
  become('added');
  await ha.first.prepare!([router], context);
  expect(derive().isActive).toBe(true);
  await mkdir(join(folder, 'ha_confs'), { recursive: true });
  await writeFile(join(folder, 'ha_confs', `${ids.router}.pid.keepalived`), `${process.pid}\n`);
  await ha.first.prepare!([router], context);
  expect(derive().isActive).toBe(false);
});

test('ends the process by which upstream’s agent followed the router, and no other', async () => {
  const run = (id: string) =>
    spawn('python3', ['-c', 'import time; time.sleep(60)', `--router_id=${id}`], { stdio: 'ignore' });
  const [own, other] = [run(ids.router), run(ids.gateway)];
  try {
    const pidFile = `${facts.options.external_pids}/${ids.router}.monitor.pid.neutron-keepalived-state-change-monitor`;
    await mkdir(facts.options.external_pids, { recursive: true });
    await writeFile(pidFile, `${own.pid}`);
    const ended = new Promise((resolve) => own.once('exit', resolve));
    const monitor = derive().daemons.find(({ name }) => name === 'neutron-keepalived-state-change')!;
    await until('its start', async () => (await observeKept(monitor)).running);
    for (const step of planKept(monitor, await observeKept(monitor))) await applyDaemonStep(host.exec, step);
    await ended;
    expect(other.exitCode).toBeNull();
    expect(await observeKept(monitor)).toEqual({ files: [null], running: null });
  } finally {
    own.kill('SIGKILL');
    other.kill('SIGKILL');
  }
});

test('what is gone is forgotten', async () => {
  await ha.first.prepare!([router], context);
  become('added');
  await ha.last.removed!(ids.router);
  expect(existsSync(join(folder, 'ha_confs', ids.router))).toBe(false);
  refreshed = [];
  become('removed');
  expect(refreshed).toEqual([]);
});
