import { beforeEach, expect, it } from 'vitest';
import { FakeHost } from '../../../linux/fake/host.ts';
import { deriveRouter, makeParts } from '../parts.ts';
import { factsOf, routerOf } from '../testing.ts';
import { NamespaceFilters, observeRouter } from './observe.ts';

const state = deriveRouter(routerOf({}), makeParts([]), factsOf({ enable_metadata_proxy: false }))!;
let host: FakeHost;

beforeEach(async () => {
  host = new FakeHost();
  await host.ensureNetns(state.namespace);
});

const look = (stderr: string) => {
  host.exec.answer(() => ({ code: 1, stderr }));
  return observeRouter(host, new NamespaceFilters(host.exec), state);
};

it.each([
  "nsenter: reassociate to namespace 'ns/net' failed: Invalid argument\n",
  `setting the network namespace "${state.namespace}" failed: Invalid argument\n`,
])('a namespace that is a name only is none: %j', async (stderr) => {
  expect(await look(stderr)).toBeNull();
});

it.each(['', 'Killed\n', 'nsenter: cannot open /run/netns/x: Too many open files\n'])(
  'one that cannot be looked at just now is not taken for lost: %j',
  async (stderr) => {
    await expect(look(stderr)).rejects.toThrow();
  },
);
