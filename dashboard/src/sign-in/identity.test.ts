import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeKeystone } from '../../../src/keystone/fake.ts';
import { Identity } from './identity.ts';

let keystone: FakeKeystone;
let identity: Identity;
beforeEach(async () => {
  keystone = await FakeKeystone.start();
  keystone.people.set('ann', { password: 'right', facts: { user: 'ann', project: 'p1' } });
  keystone.people.set('bob', { password: 'right', facts: { user: 'bob', project: null } });
  keystone.projects.push('p1', 'p2');
  identity = new Identity(`${keystone.url}/v3`);
});
afterEach(() => keystone[Symbol.asyncDispose]());

const by = (user: string, more = {}) => ({ user, password: 'right', domain: 'Default', project: '', ...more });

describe('a sign-in', () => {
  it('by password gives a token of the own project, and the others to change to', async () => {
    const session = (await identity.signIn(by('ann')))!;
    expect(session).toMatchObject({ user: 'ann', project: { id: 'p1' }, projects: [{ id: 'p1' }, { id: 'p2' }] });
    expect(session.untilMs).toBeGreaterThan(Date.now());
    const other = (await identity.change(session, 'p2'))!;
    expect(other.project.id).toBe('p2');
    expect(keystone.tokens.get(other.token)).toMatchObject({ user: 'ann', project: 'p2' });
    await identity.signOut(other);
    expect(keystone.tokens.has(other.token)).toBe(false);
    // Ended already: nobody's trouble.
    await identity.signOut(other);
  });

  it('of somebody without a project of their own is for their first one', async () => {
    expect((await identity.signIn(by('bob')))!.project.id).toBe('p1');
  });

  it('asks for the project by name where one is given', async () => {
    await identity.signIn(by('ann', { project: 'p2', domain: 'Else' }));
    expect(keystone.issued.at(-1).auth.scope).toEqual({ project: { name: 'p2', domain: { name: 'Else' } } });
  });

  it('that is refused says what Keystone says', async () => {
    const refused = identity.signIn(by('ann', { password: 'wrong' }));
    await expect(refused).rejects.toMatchObject({ status: 401, message: 'wrong password' });
    await keystone.down();
    await expect(identity.signIn(by('ann'))).rejects.toMatchObject({ type: 'NoAnswer' });
  });
});
