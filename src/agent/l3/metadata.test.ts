import { expect, test } from 'vitest';
import { Draft } from './draft.ts';
import { metadataPart } from './metadata.ts';
import type { L3Options } from './options.ts';
import { factsOf, ids, portOf, routerOf } from './testing.ts';

function derive(cidrs: readonly string[] | null, options: Partial<L3Options> = {}, isActive = true) {
  const draft = new Draft(routerOf());
  draft.isActive = isActive;
  const device = cidrs && draft.device('internal', portOf(ids.internal, cidrs));
  metadataPart.derive(draft, routerOf(), factsOf(options));
  return { daemon: draft.daemons[0]!, addresses: device?.addresses ?? [] };
}

test('one haproxy for each router, with the router in its header', () => {
  const { daemon } = derive(['10.0.0.1/24'], { metadata_port: 9797 });
  expect(daemon).toMatchObject({ name: 'haproxy', isWanted: true, spec: { netns: `qrouter-${ids.router}` } });
  expect(daemon.files[0]!.text).toMatch(/^ {4}bind :::9797 v4v6$/m);
  expect(daemon.files[0]!.text).toContain(`set-header X-Neutron-Router-ID ${ids.router}`);
});

test.each([
  ['without internal networks', derive(null)],
  ['when it is switched off', derive(['10.0.0.1/24'], { enable_metadata_proxy: false })],
  ['on a standby', derive(['10.0.0.1/24'], {}, false)],
])('none %s', (_, { daemon }) => {
  expect(daemon.isWanted).toBe(false);
});

test('the IPv6 address of the service is on networks with IPv6', () => {
  expect(derive(['10.0.0.1/24']).addresses).toEqual([]);
  expect(derive(['10.0.0.1/24', 'fd00::1/64']).addresses).toEqual(['fe80::a9fe:a9fe/128']);
});
