import { afterAll, describe, expect, it } from 'vitest';
import { admin, type Caller, makeTenants, member, type Tenants } from '../support/tenants.ts';
import { callers } from './policy-matrix/callers.ts';
import { type Collection, published, type Word } from './policy-matrix/table.ts';

/**
 * Every resource × verb × role × whose it is: what the API answers is what the published table says of the cell. What the
 * caller may not see is 404, what he sees and may not do is 403.
 */
/** Whose an object is, seen from the callers' project; `network` is what a subnet or port belongs to. */
interface Whose {
  readonly own: boolean;
  readonly network: boolean;
  readonly shared: false | 'everybody' | 'rbac';
}

const plain: Record<string, Whose> = {
  own: { own: true, network: true, shared: false },
  other: { own: false, network: false, shared: false },
};
const shareable: Record<string, Whose> = {
  ...plain,
  'shared with everybody': { own: false, network: false, shared: 'everybody' },
  'shared by RBAC': { own: false, network: false, shared: 'rbac' },
};
const onNetworks: Record<string, Whose> = {
  ...shareable,
  'other’s on our network': { own: false, network: true, shared: false },
};
const onlyOne: Record<string, Whose> = { 'nobody’s': { own: false, network: false, shared: false } };

interface Subject {
  readonly member: string;
  readonly whose: Record<string, Whose>;
  /** Another input each time: some may not be there twice. */
  readonly input: (parent: string, n: number) => object;
  readonly change?: object;
  /** The type of object that RBAC policies share it by. */
  readonly rbac?: string;
  readonly parent?: boolean;
  /** It belongs to a port instead of a network. */
  readonly onPort?: boolean;
  readonly ownerless?: boolean;
}

const subjects: Record<Collection, Subject> = {
  networks: { member: 'network', whose: shareable, input: () => ({}), rbac: 'network' },
  subnets: {
    member: 'subnet',
    whose: onNetworks,
    input: (network_id, n) => ({ network_id, ip_version: 4, cidr: `10.${n >> 8}.${n & 255}.0/24` }),
    parent: true,
  },
  ports: { member: 'port', whose: onNetworks, input: (network_id) => ({ network_id }), parent: true },
  subnetpools: {
    member: 'subnetpool',
    whose: shareable,
    input: () => ({ name: 'p', prefixes: ['10.0.0.0/16'] }),
    rbac: 'subnetpool',
  },
  'address-scopes': {
    member: 'address_scope',
    whose: shareable,
    input: () => ({ name: 's', ip_version: 4 }),
    change: { name: 'changed' },
    rbac: 'address_scope',
  },
  'address-groups': { member: 'address_group', whose: shareable, input: () => ({ name: 'g' }), rbac: 'address_group' },
  'security-groups': {
    member: 'security_group',
    whose: shareable,
    input: () => ({ name: 'g' }),
    rbac: 'security_group',
  },
  'qos/policies': { member: 'policy', whose: shareable, input: () => ({ name: 'q' }), rbac: 'qos_policy' },
  'rbac-policies': {
    member: 'rbac_policy',
    whose: plain,
    input: (object_id, n) => ({
      object_type: 'network',
      object_id,
      action: 'access_as_shared',
      target_tenant: `project-${n}`,
    }),
    change: { target_tenant: 'another' },
    parent: true,
  },
  // On a port of the cell's network, which whoever owns that network sees.
  routers: { member: 'router', whose: plain, input: () => ({}) },
  trunks: { member: 'trunk', whose: plain, input: (port_id) => ({ port_id }), parent: true, onPort: true },
  flavors: {
    member: 'flavor',
    whose: onlyOne,
    input: (_, n) => ({ name: `f${n}`, service_type: 'CORE' }),
    ownerless: true,
  },
  service_profiles: {
    member: 'service_profile',
    whose: onlyOne,
    input: (_, n) => ({ metainfo: `m${n}`, driver: '' }),
    change: { enabled: false },
    ownerless: true,
  },
  'default-security-group-rules': {
    member: 'default_security_group_rule',
    whose: onlyOne,
    input: (_, n) => ({ direction: 'ingress', protocol: 'tcp', port_range_min: n + 1, port_range_max: n + 1 }),
    ownerless: true,
  },
  segments: {
    member: 'segment',
    whose: { 'on our network': { own: false, network: true, shared: false } },
    input: (network_id) => ({ network_id, network_type: 'local' }),
    parent: true,
    ownerless: true,
  },
  'network-segment-ranges': {
    member: 'network_segment_range',
    whose: plain,
    input: (_, n) => ({
      name: 'r',
      shared: false,
      network_type: 'vlan',
      physical_network: `physnet${n}`,
      minimum: 1,
      maximum: 9,
    }),
  },
};

const owners = { demo: member('demo'), alt: member('alt') };
const ownerOf = (ours: boolean) => (ours ? owners.demo : owners.alt);

function holds(words: readonly Word[], caller: Caller, whose: Whose): boolean {
  return words.some((word) => {
    if (word === 'shared') return whose.shared !== false;
    const [of, role] = word.includes(':') ? word.split(':') : [null, word];
    return caller.roles.includes(role!) && (of === null || (of === 'own' ? whose.own : whose.network));
  });
}

describe.each(Object.keys(published) as Collection[])('%s', (collection) => {
  const subject = subjects[collection];
  const words = published[collection];
  let t: Tenants;
  let n = 0;
  afterAll(async () => {
    const { faults } = t;
    await t[Symbol.asyncDispose]();
    expect(faults).toEqual([]);
  });
  const unlimited = Object.fromEntries(
    ['network', 'subnet', 'port', 'security_group', 'security_group_rule', 'address_group', 'rbac_policy'].map(
      (name) => [`quota_${name}`, -1],
    ),
  );
  const ready = async () => {
    t ??= await makeTenants({
      options: {
        quota: unlimited,
        securityGroup: { enable_security_group: true },
        service: { service_plugins: ['segments', 'network_segment_range', 'trunk', 'qos', 'router'] },
      },
    });
  };

  /** What a subnet, port or RBAC policy belongs to: one for each cell, shared as the cell says. */
  async function parentFor(whose: Whose): Promise<string> {
    if (!subject.parent) return '';
    const { id } = await t.create(ownerOf(whose.network), 'networks', {});
    await share('network', id, whose, ownerOf(whose.network));
    return subject.onPort ? (await t.create(ownerOf(whose.network), 'ports', { network_id: id })).id : id;
  }

  async function share(object_type: string, object_id: string, whose: Whose, owner: Caller): Promise<void> {
    if (whose.shared === false) return;
    const everybody = whose.shared === 'everybody';
    await t.create(everybody ? admin : owner, 'rbac-policies', {
      object_type,
      object_id,
      action: 'access_as_shared',
      target_tenant: everybody ? '*' : 'demo',
      ...(everybody && { project_id: owner.project }),
    });
  }

  async function make(whose: Whose): Promise<string> {
    const input = subject.input(await parentFor(whose), n++);
    const project = subject.ownerless ? {} : { project_id: ownerOf(whose.own).project };
    const answer = await t.ask(admin, 'POST', collection, { [subject.member]: { ...input, ...project } });
    expect(answer.status, JSON.stringify(answer.body)).toBe(201);
    const { id } = answer.body[subject.member];
    if (subject.rbac) await share(subject.rbac, id, whose, ownerOf(whose.own));
    return id;
  }

  for (const [relation, whose] of Object.entries(subject.whose)) {
    /** One that is whose the cells say, for all of them until one of them may delete it. */
    let kept: string | null = null;
    const keep = async () => {
      kept ??= await make(whose);
      return kept;
    };
    for (const [role, caller] of Object.entries(callers)) {
      const cell = `${relation}, ${role}`;
      const sees = holds(words.show, caller, whose);
      const expected = (allowed: boolean, success: number) => (allowed ? success : sees ? 403 : 404);

      it(`show and list: ${cell}`, async () => {
        await ready();
        const id = await keep();
        const { status } = await t.ask(caller, 'GET', `${collection}/${id}`);
        expect(status).toBe(sees ? 200 : 404);
        const { body } = await t.ask(caller, 'GET', `${collection}?id=${id}&fields=id`);
        expect(Object.values(body)).toEqual([sees ? [{ id }] : []]);
      });

      // Templates of rules cannot be changed.
      if (collection !== 'default-security-group-rules')
        it(`update: ${cell}`, async () => {
          await ready();
          const id = await keep();
          const body = { [subject.member]: subject.change ?? { description: 'changed' } };
          const answer = await t.ask(caller, 'PUT', `${collection}/${id}`, body);
          expect(answer.status, JSON.stringify(answer.body)).toBe(expected(holds(words.update, caller, whose), 200));
        });

      it(`delete: ${cell}`, async () => {
        await ready();
        const id = await keep();
        const answer = await t.ask(caller, 'DELETE', `${collection}/${id}`);
        if (answer.status === 204) kept = null;
        expect(answer.status, JSON.stringify(answer.body)).toBe(expected(holds(words.delete, caller, whose), 204));
        // Done only where it was allowed.
        expect((await t.ask(admin, 'GET', `${collection}/${id}`)).status).toBe(answer.status === 204 ? 404 : 200);
      });
    }

    // A thing of one's own, in a place that is whose the cell says; of another project: for administrators.
    for (const [role, caller] of Object.entries(callers)) {
      if (relation.startsWith('shared') && !subject.parent) continue;
      it(`create: ${relation}, ${role}`, async () => {
        await ready();
        const place = { ...whose, own: subject.ownerless ? whose.own : true };
        const parent = await parentFor(whose);
        const input = subject.input(parent, n++);
        const answer = await t.ask(caller, 'POST', collection, { [subject.member]: input });
        const allowed = holds(words.create, caller, place);
        // A network out of sight is not found, before any rule is asked; one to be shared is looked for after.
        const hidden = subject.parent && !holds(['admin', 'service', 'shared'], caller, whose) && !whose.network;
        const late = { 'rbac-policies': 400, trunks: 404 }[collection as string];
        const refused = hidden && late === undefined ? 404 : 403;
        expect(answer.status, JSON.stringify(answer.body)).toBe(allowed ? (hidden && late) || 201 : refused);
      });

      if (!subject.ownerless)
        it(`create for another project: ${relation}, ${role}`, async () => {
          await ready();
          const input = { ...subject.input(await parentFor(whose), n++), project_id: 'alt' };
          const { status } = await t.ask(caller, 'POST', collection, { [subject.member]: input });
          expect(status).toBe(role === 'admin' ? 201 : 400);
        });
    }
  }
});
