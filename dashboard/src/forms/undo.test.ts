import { beforeAll, describe, expect, it } from 'vitest';
import { servedDocument } from '../../../test/support/served-document.ts';
import { ApiError } from '../api/client.ts';
import { type ApiDocument, type ApiResource, resourcesOf } from '../api/description.ts';
import { without } from '../api/permissions.ts';
import { fieldsOf, valuesOf } from './form-model.ts';
import { type Ask, ChangedSince, formerValues, takeBack, takeBackTags, type Undo } from './undo.ts';

let resources: ApiResource[];
beforeAll(async () => {
  resources = resourcesOf((await servedDocument()) as ApiDocument);
});

function former(key: string, of: Record<string, unknown>, changed: string[], refused: string[] = []) {
  const { update } = resources.find((one) => one.key === key)!;
  const first = valuesOf(fieldsOf(update!, resources), of);
  return formerValues(fieldsOf(without(update!, refused), resources), of, first, changed);
}

describe('the values before a change', () => {
  it('are those that were there, of what was changed', () => {
    const of = { name: 'a', description: '', mtu: 1450, shared: false, qos_policy_id: null };
    expect(former('networks', of, ['name', 'shared', 'qos_policy_id'])).toEqual({
      ...{ name: 'a', shared: false, qos_policy_id: null },
    });
    const fixed_ips = [{ subnet_id: 's', ip_address: '10.0.0.5' }];
    expect(former('ports', { fixed_ips, security_groups: ['g'] }, ['fixed_ips', 'security_groups'])).toEqual({
      ...{ fixed_ips, security_groups: ['g'] },
    });
  });

  it('are not there when a part of them could not be sent', () => {
    const gateway = { network_id: 'n', enable_snat: true, external_fixed_ips: [{ subnet_id: 's', ip_address: 'a' }] };
    const of = { external_gateway_info: { ...gateway, qos_policy_id: null } };
    expect(former('routers', of, ['external_gateway_info'])).toEqual({ external_gateway_info: gateway });
    const refused = ['external_gateway_info:external_fixed_ips', 'external_gateway_info:enable_snat'];
    expect(former('routers', of, ['external_gateway_info'], refused)).toBeNull();
    expect(former('routers', { external_gateway_info: null }, ['external_gateway_info'], refused)).toEqual({
      external_gateway_info: null,
    });
  });
});

/** A server of one thing: what it holds, and what was asked of it. */
class Server {
  readonly asked: unknown[] = [];
  item: Record<string, unknown>;
  /** Before each PUT. */
  meanwhile: () => void = () => {};

  constructor(item: Record<string, unknown>) {
    this.item = item;
  }

  readonly ask: Ask = async (method, path, body, _signal, ifRevision) => {
    if (method === 'PUT') this.meanwhile();
    this.asked.push([method, path, ifRevision]);
    if (method === 'PUT') {
      if (ifRevision !== undefined && ifRevision !== this.item.revision_number)
        throw new ApiError(412, 'RevisionNumberConstraintFailed', 'other', '', null);
      Object.assign(this.item, path.endsWith('/tags') ? body : (body as Record<string, object>).network);
    }
    return { body: { network: { ...this.item } }, status: 200, requestId: null };
  };
}

describe('taking a change back', () => {
  const undoOf = (left: Record<string, unknown>): Undo => ({
    resource: resources.find(({ key }) => key === 'networks')!,
    ...{ parentId: null, id: 'a/b', body: { name: 'old' }, left },
  });

  it('sends the former values with the revision that the change left', async () => {
    const server = new Server({ name: 'new', revision_number: 4 });
    await takeBack(undoOf({ name: 'new', revision_number: 4 }))(server.ask);
    expect(server.asked).toEqual([['PUT', '/v2.0/networks/a%2Fb', 4]]);
    expect(server.item.name).toBe('old');
  });

  it('does so as well when only the status changed since', async () => {
    const server = new Server({ name: 'new', status: 'ACTIVE', revision_number: 5 });
    await takeBack(undoOf({ name: 'new', status: 'DOWN', revision_number: 4 }))(server.ask);
    expect(server.asked.at(-1)).toEqual(['PUT', '/v2.0/networks/a%2Fb', 5]);
    expect(server.item.name).toBe('old');
  });

  it('is refused when anything else changed since', async () => {
    const server = new Server({ name: 'new', mtu: 1400, revision_number: 5 });
    await expect(takeBack(undoOf({ name: 'new', mtu: 1500, revision_number: 4 }))(server.ask)).rejects.toThrow(
      ChangedSince,
    );
    expect(server.item.name).toBe('new');
  });

  it('gives up when it is always changed in between', async () => {
    const server = new Server({ name: 'new', revision_number: 4 });
    server.meanwhile = () => {
      (server.item.revision_number as number)++;
    };
    await expect(takeBack(undoOf({ name: 'new', revision_number: 4 }))(server.ask)).rejects.toThrow(ChangedSince);
    expect(server.item.name).toBe('new');
  });

  it('looks first where there are no revisions', async () => {
    const server = new Server({ name: 'new' });
    await takeBack(undoOf({ name: 'new' }))(server.ask);
    expect(server.item.name).toBe('old');
    server.item = { name: 'another' };
    await expect(takeBack(undoOf({ name: 'new' }))(server.ask)).rejects.toThrow(ChangedSince);
  });

  it('passes on what else the server says', async () => {
    const ask: Ask = async () => {
      throw new ApiError(404, 'NetworkNotFound', 'gone', '', null);
    };
    await expect(takeBack(undoOf({ name: 'new', revision_number: 1 }))(ask)).rejects.toThrow('gone');
  });
});

describe('taking tags back', () => {
  const undo = () =>
    takeBackTags(
      { resource: resources.find(({ key }) => key === 'networks')!, parentId: null, id: 'a' },
      { before: ['old'], given: ['one', 'two'] },
    );

  it('gives those from before, while there are those that were given', async () => {
    const server = new Server({ name: 'n', tags: ['two', 'one'], revision_number: 7 });
    await undo()(server.ask);
    expect(server.asked).toEqual([
      ['GET', '/v2.0/networks/a', undefined],
      ['PUT', '/v2.0/networks/a/tags', 7],
    ]);
    expect(server.item.tags).toEqual(['old']);
  });

  it('is refused when somebody tagged it since, also in between', async () => {
    const server = new Server({ tags: ['one', 'two', 'three'], revision_number: 7 });
    await expect(undo()(server.ask)).rejects.toThrow(ChangedSince);
    server.item = { tags: ['one', 'two'], revision_number: 7 };
    server.meanwhile = () => {
      server.item = { tags: ['three'], revision_number: 8 };
    };
    await expect(undo()(server.ask)).rejects.toThrow(ChangedSince);
    expect(server.item.tags).toEqual(['three']);
  });
});
