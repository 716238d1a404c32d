import { afterAll, inject } from 'vitest';
import { Client } from '../openstack/client.ts';

/** A client for the tests of one file, signed in as one of the accounts. */
export function opened(name: 'openstack' | 'neutron', account: 'admin' | 'demo' | 'alt' | 'neutron' = 'admin'): Client {
  const client = new Client(name, inject('rc')[account]);
  afterAll(() => client[Symbol.asyncDispose]());
  return client;
}
