import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { FakePlugin } from './fake-plugin.ts';
import { noAuthentication } from './identity.ts';
import { apiOptions } from './options.ts';
import { createApi } from './server.ts';

/**
 * What the real server said to requests that no plugin needs to see: every recorded pair whose answer follows from the
 * attribute tables, the body, the query or the route alone. Names must stay listed, so that none drops out in silence.
 */
const expected = {
  'errors.json': `
    subnet-bad-cidr subnet-cidr-not-a-net subnet-bad-network-id subnet-ip-version-5 subnet-bad-dns subnet-dup-dns
    subnet-bad-route subnet-update-cidr network-unknown network-for-other-project-as-demo network-unknown-attribute
    network-readonly-attribute network-id-attribute network-bad-bool network-name-not-string network-name-too-long
    network-mtu-negative network-update-unknown-attribute network-update-project network-project-and-tenant-differ
    port-bad-network-id port-no-network port-fixed-ip-bad port-fixed-ips-not-list port-bad-mac port-bad-sg
    port-aap-duplicate port-aap-bad port-bulk-empty port-delete-unknown port-update-unknown port-update-network
    malformed-json json-not-object json-string empty-body no-resource-key wrong-resource-key resource-not-dict
    resource-null content-type-xml accept-xml get-dot-xml put-collection delete-collection post-member patch-member
    unknown-collection unknown-member-action bad-bool-filter agent-delete-as-demo`,
  'networks-bulk-paging.json': 'page-bad-marker page-bad-limit page-negative-limit sort-bad-dir sort-bad-key',
  'versions.json': 'v2.0 v3 unknown',
};

interface Pair {
  readonly name: string;
  readonly as: string;
  readonly request: { method: string; path: string; headers: Record<string, string>; body: unknown };
  readonly response: { status: number; body: unknown };
}

const folder = new URL('../../test/data/rest-captures/', import.meta.url);
const cases = Object.entries(expected).flatMap(([file, names]) => {
  const { pairs, projects } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  return names
    .trim()
    .split(/\s+/)
    .map((name) => ({ file, name, projects, pair: pairs.find((one: Pair) => one.name === name) as Pair }));
});

describe('recorded answers that need no plugin', () => {
  it.each(cases)('$file $name', async ({ pair, projects }) => {
    const api = createApi({
      plugin: new FakePlugin(),
      protection: 'off',
      options: defaultValues(apiOptions),
      authenticate: (headers, requestId) => ({
        ...noAuthentication(projects[pair.as])(headers, requestId),
        isAdmin: pair.as === 'admin',
      }),
    });
    const { method, path, headers, body } = pair.request;
    const raw = body as { '(raw)'?: string } | null;
    const payload = raw === null ? undefined : (raw['(raw)'] ?? JSON.stringify(raw));
    const answer = await api.inject({ method: method as 'GET', url: path, headers, payload });
    expect({ status: answer.statusCode, body: answer.json() }).toEqual({
      status: pair.response.status,
      body: pair.response.body,
    });
    expect(answer.headers['content-type']).toBe('application/json');
  });
});
