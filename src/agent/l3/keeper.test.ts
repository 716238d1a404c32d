import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import { FakeHost } from '../../linux/fake/host.ts';
import type { RouterPart } from './contract.ts';
import { RouterKeeper } from './keeper.ts';
import { makeParts } from './parts.ts';
import { factsOf, ids, portOf, routerOf, subnetOf } from './testing.ts';

const gw_port = portOf(ids.gateway, ['203.0.113.5/24'], { subnets: [subnetOf('203.0.113.0/24')] });
const _interfaces = [portOf(ids.internal, ['10.0.0.1/24'], { admin_state_up: true })];
const router = routerOf({ gw_port, _interfaces });

let folder: string;
let host: FakeHost;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keeper-'));
  host = new FakeHost();
});
afterEach(() => rm(folder, { recursive: true }));

it('a daemon that does not start is a failure that holds up nothing else of the router', async () => {
  host.exec.daemon = async () => {
    throw new Error('haproxy is not installed');
  };
  const did: string[] = [];
  const last: RouterPart = {
    name: 'last',
    derive: () => {},
    plan: async () => [{ text: 'limit addresses', run: async () => void did.push('limited') }],
    after: () => void did.push('after'),
  };
  const keeper = new RouterKeeper({
    ...{ linux: host, facts: factsOf({}, folder), parts: [...makeParts([]), last], logger: silentLogger },
    announcer: { add: (_netns, addresses) => void did.push(...addresses.map(({ address }) => address)) },
  });
  const { outcome } = await keeper.ensure(router, keeper.derive(router)!, null);
  expect(outcome).toMatchObject({ addresses: [], failures: ['haproxy is not installed'] });
  expect(did).toEqual(['10.0.0.1', '203.0.113.5', 'limited', 'after']);
});
