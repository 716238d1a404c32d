import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { all, createFixture, type Fixture, failure, member } from '../fixture.ts';

let f: Fixture;
beforeEach(async () => {
  f = await createFixture({ securityGroup: { enable_security_group: true } });
});
afterEach(() => f[Symbol.asyncDispose]());

const defaults = () => f.plugin.collections.security_groups_default_statefulness!;
const set = (project_id: string | null, stateful: boolean) => defaults().create!(f.context, { project_id, stateful });
const newGroup = async (project_id: string, more: Record<string, unknown> = {}): Promise<boolean> =>
  (await f.plugin.collections.security_groups!.create!(f.context, { project_id, name: 'g', ...more })).stateful;

describe('new groups', () => {
  it('are stateful when nobody says otherwise', async () => {
    expect(await newGroup('p1')).toBe(true);
  });

  it('are as their project has it, else as everybody, else as the request says', async () => {
    await set(null, false);
    await set('p2', true);
    expect([await newGroup('p1'), await newGroup('p2')]).toEqual([false, true]);
    expect([await newGroup('p1', { stateful: true }), await newGroup('p2', { stateful: false })]).toEqual([
      true,
      false,
    ]);
  });

  it('follow a change, and its end', async () => {
    const { id } = await set('p1', false);
    await defaults().update!(f.context, id, { stateful: true });
    expect(await newGroup('p1')).toBe(true);
    await defaults().update!(f.context, id, { stateful: false });
    expect(await newGroup('p1')).toBe(false);
    await defaults().delete!(f.context, id);
    expect(await newGroup('p1')).toBe(true);
  });

  it('the default group of a project is stateful all the same, as upstream', async () => {
    await set('p1', false);
    await newGroup('p1');
    const groups = await all(f.plugin.collections.security_groups!, { filters: { name: ['default'] } });
    expect(groups).toMatchObject([{ project_id: 'p1', stateful: true }]);
  });
});

describe('defaults', () => {
  it('answer what a later show answers', async () => {
    const made = await set(null, false);
    expect(made).toEqual({ id: made.id, tenant_id: null, project_id: null, stateful: false });
    expect(await defaults().get(f.context, made.id)).toEqual(made);
  });

  it('there is one per project, and one for everybody else, also when two come at once', async () => {
    await set(null, false);
    expect(await failure(set(null, true))).toEqual({
      type: 'SecurityGroupDefaultStatefulnessAlreadyExists',
      message: "A security group default statefulness setting already exists for project 'system-wide'.",
    });
    const both = await Promise.all([failure(set('p1', true)), failure(set('p1', false))]);
    expect(both.map(({ type }) => type).sort()).toEqual(['SecurityGroupDefaultStatefulnessAlreadyExists', 'nothing']);
  });

  it('of others, and of everybody, are not to be seen by a project', async () => {
    const everybody = await set(null, false);
    const own = await set('p1', false);
    await set('p2', false);
    expect(await all(defaults(), {}, member('p1'))).toEqual([own]);
    expect(await failure(Promise.resolve(defaults().get(member('p1'), everybody.id)))).toEqual({
      type: 'SecurityGroupDefaultStatefulnessNotFound',
      message: `Security group default statefulness ${everybody.id} could not be found.`,
    });
  });
});
