import { FakeKeystone } from '../../../src/keystone/fake.ts';

/** A Keystone of the tests inside an emulated host: says its port, and the token of an administrator. */
const keystone = await FakeKeystone.start();
const admin = keystone.add({ user: 'admin', project: 'admins', roles: ['admin', 'member', 'reader'] });
process.stdout.write(`${new URL(keystone.url).port} ${admin}\n`);
