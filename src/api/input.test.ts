import { describe, expect, it } from 'vitest';
import { adminContext, type Context } from '../lib/context.ts';
import { agent } from '../resources/agent.ts';
import { network } from '../resources/network.ts';
import { port } from '../resources/port.ts';
import { subnet } from '../resources/subnet.ts';
import { fakeExtensions } from './fake-plugin.ts';
import { createInput, updateInput } from './input.ts';
import { serve, serveResources } from './served-resource.ts';

const extensions = new Set(fakeExtensions);
const networks = serve(network, extensions);
const subnets = serve(subnet, extensions);
const admin: Context = { ...adminContext(), projectId: 'mine' };
const member: Context = { ...admin, isAdmin: false, roles: ['member'] };
const id = '6aafaa4b-d23c-456f-80cb-80b7fe3a3cd3';

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'taken';
}

describe('createInput', () => {
  it('fills in defaults, converts, and leaves what the plugin decides undefined', () => {
    expect(createInput(networks, { name: 'n', mtu: '1400' }, admin)).toEqual({
      name: 'n',
      tenant_id: 'mine',
      project_id: 'mine',
      admin_state_up: true,
      mtu: 1400,
      shared: false,
      'router:external': false,
      'provider:network_type': undefined,
      'provider:physical_network': undefined,
      'provider:segmentation_id': undefined,
      segments: undefined,
      port_security_enabled: true,
      availability_zone_hints: [],
      description: '',
    });
  });

  it('does not share default lists between requests', () => {
    const first = createInput(networks, {}, admin).availability_zone_hints as string[];
    first.push('x');
    expect(createInput(networks, {}, admin).availability_zone_hints).toEqual([]);
  });

  it('does not change what the client sent', () => {
    const body = Object.freeze({ name: 'n', tenant_id: 'mine' });
    createInput(networks, body, admin);
    expect(body).toEqual({ name: 'n', tenant_id: 'mine' });
  });

  it.each([
    [{ tenant_id: 'p' }, 'p'],
    [{ project_id: 'p' }, 'p'],
    [{ project_id: 'p', tenant_id: 'p' }, 'p'],
    [{}, 'mine'],
  ])('takes the project from %j', (body, project) => {
    expect(createInput(networks, body, admin)).toMatchObject({ project_id: project, tenant_id: project });
  });

  it.each<[Record<string, unknown>, Context, string]>([
    [{ project_id: 'p', tenant_id: 'q', colour: 1 }, admin, "'project_id' and 'tenant_id' do not match"],
    [{ project_id: null }, admin, "Invalid input for tenant_id. Reason: 'None' is not a valid string."],
    [
      { project_id: 'p' },
      member,
      "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin or advsvc privileges",
    ],
    [{}, { ...admin, projectId: null }, 'Running without keystone AuthN requires that tenant_id is specified'],
    [{ colour: 1, size: 2, status: 'x' }, admin, "Unrecognized attribute(s) 'colour, size'"],
    [JSON.parse('{"__proto__": {"isAdmin": true}}'), admin, "Unrecognized attribute(s) '__proto__'"],
    [{ qos_policy_id: null }, admin, "Unrecognized attribute(s) 'qos_policy_id'"],
    [{ status: 'x', name: 5 }, admin, "Attribute 'status' not allowed in POST"],
  ])('refuses %j', (body, context, message) => {
    expect(refusal(() => createInput(networks, body, context))).toBe(message);
  });

  it('takes another project from who has the old role for it', () => {
    expect(createInput(networks, { project_id: 'p' }, { ...member, roles: ['advsvc'] }).project_id).toBe('p');
  });

  it('names what is missing before what is wrong', () => {
    const missing = "Failed to parse request. Required attribute 'network_id' not specified";
    expect(refusal(() => createInput(subnets, { ip_version: 'x' }, admin))).toBe(missing);
  });

  it('accepts an attribute in POST only where its extension says so', () => {
    const tags = { network_id: id, tags: ['a'] };
    expect(refusal(() => createInput(serve(port, extensions), tags, admin))).toBe(
      "Attribute 'tags' not allowed in POST",
    );
    const more = new Set([...extensions, 'tag-ports-during-bulk-creation']);
    expect(createInput(serve(port, more), tags, admin).tags).toEqual(['a']);
  });
});

describe('updateInput', () => {
  it('gives the plugin only what the client sent', () => {
    expect(updateInput(networks, { admin_state_up: 'off' }, admin)).toEqual({ admin_state_up: false });
    expect(updateInput(networks, {}, admin)).toEqual({});
    expect(updateInput(serve(agent, extensions), { description: null }, admin)).toEqual({ description: null });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ nope: 1, status: 'x' }, "Unrecognized attribute(s) 'nope'"],
    [{ status: 'x' }, 'Cannot update read-only attribute status'],
    [{ tenant_id: 'p' }, 'Cannot update read-only attribute tenant_id'],
    [{ name: null }, "Invalid input for name. Reason: 'None' is not a valid string."],
    [{ mtu: -1 }, "Invalid input for mtu. Reason: '-1' should be non-negative."],
  ])('refuses %j', (body, message) => expect(refusal(() => updateInput(networks, body, admin))).toBe(message));
});

describe('serveResources', () => {
  it('serves a resource under both spellings, and not at all without its extension', () => {
    const groups = { member: 'security_group', collection: 'security_groups', extension: 'sg', attributes: {} };
    const served = serveResources([groups], new Set(['sg']));
    expect([...served.keys()]).toEqual(['security_groups', 'security-groups']);
    expect(serveResources([groups], new Set()).size).toBe(0);
  });

  it('lets attributes be changed or sorted by only with the extension for that', () => {
    const less = new Set([...extensions].filter((alias) => !['net-mtu-writable', 'agent_sort_key'].includes(alias)));
    expect(serve(network, less).updatable.has('mtu')).toBe(false);
    expect(serve(agent, less).sortable.has('host')).toBe(false);
    expect(serve(agent, extensions).sortable.has('host')).toBe(true);
  });
});
