import type { ListQuery } from '../../lib/query.ts';
import { inTurns } from '../../lib/turns.ts';
import {
  endpoint,
  PULL_VERSION,
  type PullMethods,
  RESOURCE_VERSIONS_VERSION,
  type ResourceVersionMethods,
  type VersionedObject,
} from '../../rpc/contract.ts';
import { type Endpoint, RemoteError } from '../../rpc/transport.ts';
import type { Shared } from '../parts.ts';
import type { ObjectData, ObjectKind } from './contract.ts';
import { canBe, kinds, objectOf, otherTypes, toldKinds } from './kinds.ts';
import type { ObjectVersions } from './versions.ts';

const CALLBACKS = 'neutron.api.rpc.callbacks.exceptions';
const HANDLERS = 'neutron.api.rpc.handlers.resources_rpc';

const allKinds = [...kinds, ...toldKinds];

/** Objects that agents ask for (upstream: api/rpc/handlers/resources_rpc.py `ResourcesPullRpcCallback`). */
export function pullEndpoint(shared: Shared): Endpoint {
  return endpoint<PullMethods>(PULL_VERSION, {
    // Upstream serves single objects of some services (QoS, trunks …), and of no other type.
    pull: async ({ resource_type, version, resource_id }) => {
      if (!isType(resource_type)) {
        const text = `Invalid value for resource: ${resource_type}.`;
        throw new RemoteError('Invalid', 'neutron_lib.exceptions', text);
      }
      const kind = allKinds.find(({ name }) => name === resource_type);
      if (kind?.single !== undefined && shared.extensions.has(kind.single.extension)) {
        checkVersion(kind, version);
        const found = await kind.read(shared.database.db, { [kind.single.by]: [resource_id] }, shared.extensions);
        return found.length === 0 ? null : objectOf(kind, found[0]!, version);
      }
      throw new RemoteError('CallbackNotFound', CALLBACKS, `Callback for ${resource_type} not found`);
    },
    bulk_pull: async ({ resource_type, version, filter_kwargs }) => {
      if (!isType(resource_type)) {
        throw new RemoteError('InvalidResourceTypeClass', HANDLERS, `Invalid resource type ${resource_type}`);
      }
      const kind = allKinds.find(({ name }) => name === resource_type);
      if (!kind) return [];
      checkVersion(kind, version);
      return pulled(shared, kind, version, filter_kwargs ?? {});
    },
  });
}

/** What other servers heard of agents' versions (upstream: `ResourcesPushToServerRpcCallback`). */
export function resourceVersionsEndpoint(versions: ObjectVersions): Endpoint {
  return endpoint<ResourceVersionMethods>(RESOURCE_VERSIONS_VERSION, {
    report_agent_resource_versions: async ({ agent_type, agent_host, version_map }) => {
      versions.note(agent_type, agent_host, version_map);
      return null;
    },
  });
}

function checkVersion(kind: ObjectKind, version: string): void {
  if (canBe(kind, version)) return;
  const text = `Invalid target version ${version}`;
  throw new RemoteError('InvalidTargetVersion', 'oslo_versionedobjects.exception', text);
}

function isType(name: string): boolean {
  return allKinds.some((kind) => kind.name === name) || otherTypes.includes(name);
}

/** Rows read between two turns of the loop. */
const PER_PIECE = 100;

async function pulled(
  { database, extensions }: Shared,
  kind: ObjectKind,
  version: string,
  wanted: Record<string, unknown>,
): Promise<VersionedObject[]> {
  // By index where there is one; the rest is compared with the objects, whose fields the filters name.
  const indexed = ['id', 'network_id', 'project_id', ...(kind.filters ?? [])].filter(
    (key) => wanted[key] !== undefined,
  );
  const filters = Object.fromEntries(indexed.map((key) => [key, listOf(wanted[key]) as string[]]));
  const fits = (data: ObjectData) =>
    Object.entries(wanted).every(([field, values]) => isAmong(data[field] ?? null, listOf(values)));
  const made = async (these: ListQuery['filters']) =>
    (await kind.read(database.db, these, extensions)).filter(fits).map((data) => objectOf(kind, data, version));
  const ids = await kind.ids?.(database.db, filters);
  if (ids === undefined) return made(filters);
  const pieces: string[][] = [];
  for (let start = 0; start < ids.length; start += PER_PIECE) pieces.push(ids.slice(start, start + PER_PIECE));
  return (await inTurns(pieces, (id) => made({ id }))).flat();
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** Of a field with several values (`security_group_ids`) one is enough. */
function isAmong(field: unknown, values: readonly unknown[]): boolean {
  return Array.isArray(field) ? field.some((one) => values.includes(one)) : values.includes(field);
}
