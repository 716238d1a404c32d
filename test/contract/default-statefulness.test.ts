import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { admin, type Caller, makeTenants, type Tenants } from '../support/tenants.ts';

/** Who may say whether new security groups are stateful, by the published defaults (2026.2). */
const path = 'security-groups-default-statefulness';
const name = 'security_groups_default_statefulness';

const as = (project: string, ...roles: string[]): Caller => ({ project, roles });
const manager = as('demo', 'manager', 'member', 'reader');
const member = as('demo', 'member', 'reader');
const reader = as('demo', 'reader');
const other = as('alt', 'manager', 'member', 'reader');

let t: Tenants;
beforeEach(async () => {
  t = await makeTenants({ options: { securityGroup: { enable_security_group: true } } });
});
afterEach(async () => {
  const { faults } = t;
  await t[Symbol.asyncDispose]();
  expect(faults).toEqual([]);
});

const post = (caller: Caller, body: object) => t.ask(caller, 'POST', path, { [name]: body });

describe('the default of a project', () => {
  it.each([
    ['its manager', manager, 201],
    ['its member', member, 403],
    ['its reader', reader, 403],
    ['an administrator', admin, 201],
  ])('is made by %s: %#', async (_, caller, status) => {
    const answer = await post(caller, { stateful: false });
    expect(answer.status, JSON.stringify(answer.body)).toBe(status);
    if (status === 201) expect(answer.body[name]).toMatchObject({ project_id: caller.project, stateful: false });
  });

  it('is seen by its project, and changed and removed by its manager', async () => {
    const { id } = (await post(manager, { stateful: false })).body[name];
    const one = `${path}/${id}`;
    const change = { [name]: { stateful: true } };
    expect((await t.ask(reader, 'GET', one)).status).toBe(200);
    expect((await t.ask(other, 'GET', one)).status).toBe(404);
    expect((await t.ask(other, 'GET', path)).body[name]).toEqual([]);
    expect((await t.ask(member, 'PUT', one, change)).status).toBe(403);
    expect((await t.ask(other, 'PUT', one, change)).status).toBe(404);
    expect((await t.ask(manager, 'PUT', one, change)).body[name]).toMatchObject({ stateful: true });
    expect((await t.ask(member, 'DELETE', one)).status).toBe(403);
    expect((await t.ask(manager, 'DELETE', one)).status).toBe(204);
  });

  it('is not made for another project, nor for everybody', async () => {
    expect((await post(manager, { project_id: 'alt', stateful: false })).status).toBe(400);
    expect((await post(manager, { project_id: null, stateful: false })).status).toBe(400);
  });
});

it('the default of everybody is the administrator’s, and counts for all who have none', async () => {
  const answer = await post(admin, { project_id: null, stateful: false });
  expect(answer.body[name]).toMatchObject({ project_id: null, stateful: false });
  const group = await t.create(member, 'security-groups', { name: 'g' });
  expect(group.stateful).toBe(false);
  expect((await t.ask(manager, 'GET', `${path}/${answer.body[name].id}`)).status).toBe(404);
  expect((await post(admin, { project_id: null })).status).toBe(409);
});
