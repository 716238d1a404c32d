import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resources } from '../../src/resources/registry.ts';
import { admin } from '../support/tenants.ts';
import { type Attack, administrators, places, reaches } from './hostile-tenant/attacks.ts';
import { Intruder, outcome } from './hostile-tenant/intruder.ts';
import { attacker, type Ids, raise, type Stage, victim } from './hostile-tenant/stage.ts';

/**
 * A project that knows every id, name and address of another, and tries each way there is to reach it: nothing changes,
 * nothing is told, and an id that exists is answered as one that does not. With the rules of today, and with those of
 * older releases beside them (`enforce_new_defaults = False`).
 */
describe.each([
  ['today', true],
  ['older releases', false],
])('by the rules of %s', (_, newDefaults) => {
  let stage: Stage;
  let intruder: Intruder;
  const ask = (attack: Attack) => intruder.ask(attack);
  const attack = (...how: Parameters<Intruder['attack']>) => intruder.attack(...how);

  beforeAll(async () => {
    stage = await raise({ newDefaults });
    intruder = new Intruder(stage);
    await intruder.lookAround();
  });
  afterAll(async () => {
    const { faults } = stage.tenants;
    await stage.tenants[Symbol.asyncDispose]();
    expect(faults).toEqual([]);
  });

  describe('an id of theirs', () => {
    it.each(Object.entries(reaches))('gives nothing: %s', async (_, [expected, reach]) => {
      expect(outcome(await attack((ids) => reach(ids, stage.own)))).toBe(expected);
    });
  });

  describe.each(Object.entries(places) as [keyof Ids, (typeof places)[keyof Ids]][])('their %s', (kind, place) => {
    const [collection, member, missing] = place;
    const definition = resources.find((one) => one.member === member)!;
    const telling = administrators.has(kind);

    it('is not shown, listed, changed or deleted', async () => {
      for (const method of ['GET', 'DELETE']) {
        const answer = await attack((ids) => [method, `${collection}/${ids[kind]}`], telling);
        expect(outcome(answer)).toBe(telling ? '404 HTTPNotFound' : `404 ${missing}`);
      }
      const listed = await attack((ids) => ['GET', `${collection}?id=${ids[kind]}`]);
      expect(Object.values(listed.body)).toEqual([[]]);
      const all = (await ask(['GET', collection])).body;
      expect(JSON.stringify(all)).not.toContain(stage.theirs[kind]);
    });

    const updatable = Object.entries(definition.attributes).filter(([, { ops }]) => ops.includes('U'));
    if (updatable.length > 0 && definition.unchanging === undefined) {
      it('does not take any attribute', async () => {
        const stored = (await stage.tenants.ask(admin, 'GET', `${collection}/${stage.theirs[kind]}`)).body[member];
        const outcomes = new Set<string>();
        for (const [name] of updatable) {
          const body = { [member]: { [name]: stored[name] ?? null } };
          const change = await attack((ids) => ['PUT', `${collection}/${ids[kind]}`, body], telling);
          // Values that are no values are found before anybody looks for the object.
          if (change.status !== 400) outcomes.add(outcome(change));
        }
        expect([...outcomes]).toEqual([telling ? '404 HTTPNotFound' : `404 ${missing}`]);
      });
    }

    if (definition.routes?.some(({ path }) => path.endsWith('/tags'))) {
      it('has tags for others only', async () => {
        for (const [method, below, body] of [
          ['GET', ''],
          ['PUT', '', { tags: ['x'] }],
          ['POST', '', { tags: ['x'] }],
          ['DELETE', ''],
          ['GET', '/secret-of-victim'],
          ['PUT', '/x'],
          ['DELETE', '/secret-of-victim'],
        ] as const) {
          const answer = await attack((ids) => [method, `${collection}/${ids[kind]}/tags${below}`, body], telling);
          expect(answer.status, `${method} ${below}`).toBe(telling ? 403 : 404);
        }
      });
    }
  });

  describe('a list', () => {
    const listed = resources.filter(
      ({ collection, parent, attributes }) => parent === undefined && collection !== 'quotas' && 'id' in attributes,
    );

    it.each(listed.map(({ collection }) => [collection] as const))(
      'of %s has by no filter what it has not without',
      async (collection) => {
        const { member, attributes } = resources.find((one) => one.collection === collection)!;
        const path = collection === 'service_profiles' ? collection : collection.replaceAll('_', '-');
        const theirs = (await stage.tenants.ask(admin, 'GET', path)).body[collection] ?? [];
        const visible = new Set(
          ((await ask(['GET', path])).body[collection] ?? []).map((item: { id: string }) => item.id),
        );
        for (const item of theirs.filter(({ id }: { id: string }) => !visible.has(id))) {
          for (const [name, { filter }] of Object.entries(attributes)) {
            const value = item[name];
            if (!filter || value === null || value === undefined) continue;
            const query = typeof value === 'object' ? JSON.stringify(value) : String(value);
            const { body } = await ask(['GET', `${path}?${new URLSearchParams({ [name]: query })}`]);
            for (const { id } of body[collection] ?? []) expect(visible, `${member} ${name}`).toContain(id);
          }
        }
      },
    );

    it('starts at a marker of theirs as at one of nothing', async () => {
      for (const [kind, [collection]] of Object.entries(places) as [keyof Ids, (typeof places)[keyof Ids]][]) {
        for (const more of ['', '&page_reverse=True']) {
          await attack((ids) => ['GET', `${collection}?limit=2&marker=${ids[kind]}${more}`]);
        }
      }
    });

    it('of ports and subnets by what they hang on has only our own', async () => {
      for (const query of [
        'fixed_ips=ip_address_substr%3D10.16',
        (ids: Ids) => `fixed_ips=subnet_id%3D${ids.subnet}`,
        (ids: Ids) => `security_groups=${ids.group}`,
        (ids: Ids) => `network_id=${ids.network}`,
      ]) {
        const text = typeof query === 'string' ? () => query : query;
        expect((await attack((ids) => ['GET', `ports?${text(ids)}`])).body).toEqual({ ports: [] });
      }
      for (const key of ['network', 'pool', 'segment'] as const) {
        const name = { network: 'network_id', pool: 'subnetpool_id', segment: 'segment_id' }[key];
        const { status, body } = await attack((ids) => ['GET', `subnets?${name}=${ids[key]}`]);
        if (status === 200) expect(body).toEqual({ subnets: [] });
      }
    });

    it('does not order by, filter by or show what is hidden', async () => {
      const networks = 'fields=id&fields=provider:segmentation_id&fields=provider:network_type&fields=segments';
      for (const item of (await ask(['GET', `networks?${networks}`])).body.networks)
        expect(Object.keys(item)).toEqual(['id']);
      const ports = 'fields=id&fields=binding:host_id&fields=binding:profile&fields=binding:vif_details&fields=hints';
      for (const item of (await ask(['GET', `ports?${ports}`])).body.ports) expect(Object.keys(item)).toEqual(['id']);
      for (const key of ['provider:segmentation_id', 'binding:host_id', 'segments', 'hints']) {
        const { status } = await ask(['GET', `networks?sort_key=${key}&sort_dir=asc`]);
        expect(status, key).toBe(400);
      }
    });
  });

  describe('their project', () => {
    const owned = resources.filter(
      ({ member, attributes }) =>
        attributes.project_id?.ops === 'CR' && Object.values(places).some(([, one]) => one === member),
    );

    it.each(owned.map(({ member }) => [member] as const))('gets no %s of ours', async (member) => {
      const { collection } = resources.find((one) => one.member === member)!;
      const path = collection.replaceAll('_', '-');
      for (const key of ['project_id', 'tenant_id']) {
        const answer = await ask(['POST', path, { [member]: { [key]: victim.project } }]);
        expect([400, 403], JSON.stringify(answer)).toContain(answer.status);
        const many = await ask(['POST', path, { [`${collection}`]: [{ [key]: victim.project }] }]);
        expect([400, 403], JSON.stringify(many)).toContain(many.status);
        const kind = (Object.keys(places) as (keyof Ids)[]).find((one) => places[one][1] === member)!;
        if (Object.hasOwn(stage.own, kind)) {
          const id = stage.own[kind as keyof Stage['own']];
          const given = await ask(['PUT', `${path}/${id}`, { [member]: { [key]: victim.project } }]);
          expect(given.status, JSON.stringify(given)).toBe(400);
        }
      }
      await intruder.nothingChanged();
    });

    it('has limits that nobody else reads or sets', async () => {
      const path = `quotas/${victim.project}`;
      for (const [method, of, body] of [
        ['GET', path],
        ['GET', 'quotas'],
        ['GET', `${path}/default`],
        ['PUT', path, { quota: { network: -1 } }],
        ['PUT', `quotas/${attacker.project}`, { quota: { network: -1 } }],
        ['DELETE', path],
        ['DELETE', `quotas/${attacker.project}`],
      ] as const) {
        const answer = await ask([method, of, body]);
        expect(outcome(answer), `${method} ${of}`).toBe('403 PolicyNotAuthorized');
      }
      expect(outcome(await ask(['GET', `${path}/details`]))).toBe('403 AdminRequired');
      await intruder.nothingChanged();
    });

    it('gets no network by asking for its topology', async () => {
      for (const method of ['GET', 'DELETE']) {
        const { status } = await ask([method, `auto-allocated-topology/${victim.project}`]);
        expect([403, 404]).toContain(status);
      }
      await intruder.nothingChanged();
    });
  });
});
