import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everything } from '../../support/every-resource.ts';
import { insertAgent } from '../../support/rows.ts';
import { admin, type Caller, makeTenants, member, type Tenants } from '../../support/tenants.ts';
import { callers as ofDemo } from './callers.ts';

/**
 * The rest of the matrix: what is looked at, given and taken back, and is no resource that callers make. By the published
 * defaults of 2026.2 (facts: neutron/conf/policies).
 */
const callers: Readonly<Record<string, Caller>> = { ...ofDemo, 'member of another project': member('alt') };
type Role = keyof typeof callers;

interface Cells {
  readonly request: string;
  /** Who may, and what they are answered. */
  readonly may: readonly Role[];
  readonly done: number;
  /** What all others are answered. */
  readonly else: number;
  readonly body?: object;
}

const everybody = Object.keys(callers);
const readers = ['admin', 'manager', 'member', 'reader', 'member of another project'];
const cells: readonly Cells[] = [
  { request: 'GET agents/<agent>', may: ['admin'], done: 200, else: 404 },
  { request: 'PUT agents/<agent>', may: ['admin'], done: 200, else: 404, body: { agent: { description: 'x' } } },
  { request: 'GET network-ip-availabilities/<network>', may: ['admin', 'service'], done: 200, else: 404 },
  // What a project may have is no secret to its users, whatever their roles.
  { request: 'GET quotas/demo', may: Object.keys(ofDemo), done: 200, else: 403 },
  { request: 'GET quotas/demo/details', may: Object.keys(ofDemo), done: 200, else: 403 },
  { request: 'PUT quotas/demo', may: ['admin'], done: 200, else: 403, body: { quota: { port: 500 } } },
  { request: 'DELETE quotas/demo', may: ['admin'], done: 204, else: 403 },
  {
    request: 'GET auto-allocated-topology/demo?fields=dry-run',
    may: ['admin', 'manager', 'member', 'reader'],
    done: 200,
    else: 403,
  },
  { request: 'DELETE auto-allocated-topology/demo', may: ['admin', 'manager', 'member'], done: 204, else: 403 },
  { request: 'GET ports/<port>/bindings/<host>', may: ['admin', 'service'], done: 200, else: 404 },
  { request: 'GET extensions', may: everybody, done: 200, else: 403 },
];

/** Lists: whom they show anything. */
const lists: Readonly<Record<string, readonly Role[]>> = {
  agents: ['admin'],
  availability_zones: readers,
  'network-ip-availabilities': ['admin', 'service'],
  'agents/<agent>/dhcp-networks': ['admin'],
  'networks/<network>/dhcp-agents': ['admin'],
};

let t: Tenants;
let fill: (path: string) => string;
/** Another port of a guest on `host1`. */
let bound: () => Promise<{ id: string }>;
beforeAll(async () => {
  t = await makeTenants({ options: everything });
  const agent = await t.database.transaction((tx) =>
    insertAgent(tx, { agent_type: 'DHCP agent', host: 'host1', availability_zone: 'nova' }),
  );
  await t.create(admin, 'networks', { 'router:external': true, is_default: true });
  const pool = { name: 'all', prefixes: ['10.0.0.0/16'], default_prefixlen: 26, is_default: true, shared: true };
  await t.create(admin, 'subnetpools', pool);
  const network = await t.create(member('demo'), 'networks', {});
  const local = await t.create(admin, 'networks', { project_id: 'demo', 'provider:network_type': 'local' });
  for (const host of ['host1', 'host2']) {
    const configurations = JSON.stringify({ interface_mappings: {} });
    await t.database.transaction((tx) =>
      insertAgent(tx, { host, configurations, heartbeat_timestamp: Date.now() + 24 * 3_600_000 }),
    );
  }
  const guest = { project_id: 'demo', device_owner: 'compute:nova', 'binding:host_id': 'host1' };
  bound = () => t.create(admin, 'ports', { network_id: local.id, ...guest });
  const port = await t.create(admin, 'ports', { network_id: network.id, ...guest });
  await t.ask(admin, 'POST', `agents/${agent}/dhcp-networks`, { network_id: network.id });
  const names: Record<string, string> = { network: network.id, port: port.id, agent, host: 'host1' };
  fill = (path) => path.replace(/<(\w+)>/g, (_, name: string) => names[name]!);
});
afterAll(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

describe.each(Object.keys(callers))('as %s', (role) => {
  it.each(cells.map((cell) => [cell.request, cell] as const))(
    '%s',
    async (request, { may, done, else: refused, body }) => {
      const [method, path] = request.split(' ') as [string, string];
      const answer = await t.ask(callers[role]!, method, fill(path), body);
      expect(answer.status, JSON.stringify(answer.body)).toBe(may.includes(role) ? done : refused);
    },
  );

  it('bindings of a port', async () => {
    const { id } = await bound();
    const path = `ports/${id}/bindings`;
    const binding = { host: 'host2' };
    const made = await t.ask(callers[role]!, 'POST', path, { binding });
    if (made.status !== 201) await t.ask(callers.service!, 'POST', path, { binding });
    const answers = [made];
    for (const [method, below, body] of [
      ['PUT', '', { binding: { vnic_type: 'normal' } }],
      ['PUT', '', { binding: { profile: {} } }],
      ['PUT', '/activate'],
      ['DELETE', ''],
    ] as const) {
      answers.push(await t.ask(callers[role]!, method, `${path}/host2${below}`, body));
    }
    const all: Partial<Record<Role, number[]>> = {
      service: [201, 200, 200, 200, 204],
      admin: [403, 200, 403, 403, 403],
    };
    // Who may not see a binding finds none; other projects not even the port.
    const hidden = role === 'member of another project' ? [403, 404, 404, 404, 404] : null;
    expect(answers.map(({ status }) => status)).toEqual(all[role] ?? hidden ?? [403, 404, 404, 403, 404]);
    const told = (await t.ask(callers[role]!, 'GET', '/dashboard/permissions')).body.resources['ports/bindings'];
    const { create, update, delete: remove, not_in_update, actions } = told;
    expect([create, update, not_in_update.includes('profile'), actions.activate, remove]).toEqual(
      role === 'service' ? [true, true, false, true, true] : [false, role === 'admin', true, false, false],
    );
  });

  it.each(Object.entries(lists))('GET %s', async (path, may) => {
    const { status, body } = await t.ask(callers[role]!, 'GET', fill(path));
    const shown = status === 200 ? Object.values<unknown[]>(body)[0]!.length > 0 : false;
    expect([shown, status < 500]).toEqual([may.includes(role), true]);
  });
});
