import type { ApiClient } from './client.ts';
import { ApiError, CliError } from './errors.ts';
import type { Noun } from './nouns.ts';

type Kind = Pick<Noun, 'member' | 'collection' | 'hasNames'>;

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** Nothing has that id or name. */
export class NotFound extends CliError {}
/** Several have that name. */
export class NoUniqueMatch extends CliError {}

/**
 * The id of a thing named by id or name: asks for it as an id, and when there is none, lists by name.
 * @throws NotFound, NoUniqueMatch
 */
export async function findId(client: ApiClient, kind: Kind, idOrName: string): Promise<string> {
  const { member, collection, hasNames } = kind;
  try {
    const answer = await client.get(`${collection}/${encodeURIComponent(idOrName)}`, [['fields', 'id']]);
    const { id } = answer[member] as { id: string };
    return id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  if (!hasNames) throw new NotFound(`Unable to find ${member} with id '${idOrName}'`);
  const found = await client.list(collection, [
    ['fields', 'id'],
    ['name', idOrName],
  ]);
  if (found.length > 1) {
    throw new NoUniqueMatch(`Multiple ${member} matches found for name '${idOrName}', use an ID to be more specific.`);
  }
  if (found.length === 0) throw new NotFound(`Unable to find ${member} with name or id '${idOrName}'`);
  return String(found[0]?.id);
}

/** Collections whose things attributes refer to, for names given instead of ids. */
const kinds: Readonly<Record<string, Kind>> = {
  networks: { member: 'network', collection: 'networks', hasNames: true },
  subnets: { member: 'subnet', collection: 'subnets', hasNames: true },
  'security-groups': { member: 'security_group', collection: 'security-groups', hasNames: true },
  subnetpools: { member: 'subnetpool', collection: 'subnetpools', hasNames: true },
};

/** The id of what an attribute refers to. What looks like an id is believed: the server will say if it is none. */
export async function referredId(client: ApiClient, collection: string, idOrName: string): Promise<string> {
  const kind = kinds[collection];
  return kind && !UUID.test(idOrName) ? findId(client, kind, idOrName) : idOrName;
}

/** A request body with names replaced by ids where an attribute refers to something. */
export async function resolveReferences(
  client: ApiClient,
  body: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const result = { ...body };
  if (typeof body.network_id === 'string') result.network_id = await referredId(client, 'networks', body.network_id);
  if (Array.isArray(body.security_groups)) {
    result.security_groups = await eachId(client, 'security-groups', body.security_groups);
  }
  if (typeof body.subnetpool_id === 'string' && body.subnetpool_id !== 'prefix_delegation') {
    result.subnetpool_id = await referredId(client, 'subnetpools', body.subnetpool_id);
  }
  if (Array.isArray(body.fixed_ips)) {
    const fixedIps: unknown[] = [];
    for (const fixed of body.fixed_ips) {
      const subnet = (fixed as { subnet_id?: unknown })?.subnet_id;
      fixedIps.push(
        typeof subnet === 'string' ? { ...fixed, subnet_id: await referredId(client, 'subnets', subnet) } : fixed,
      );
    }
    result.fixed_ips = fixedIps;
  }
  return result;
}

async function eachId(client: ApiClient, collection: string, names: unknown[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) ids.push(await referredId(client, collection, String(name)));
  return ids;
}
