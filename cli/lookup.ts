import type { ApiClient } from './client.ts';
import { ApiError, CliError } from './errors.ts';
import { type Kind, nounFor, nouns } from './nouns.ts';

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** Nothing has that id or name. */
export class NotFound extends CliError {}
/** Several have that name. */
export class NoUniqueMatch extends CliError {}

/** What people call things by that have no name. */
const calledBy: Readonly<Record<string, string>> = { floatingips: 'floating_ip_address' };

/**
 * The id of a thing named by id or name (a floating IP: by its address): asks for it as an id, and when there is none, lists
 * by name. What is kept under another thing's id (the use of a network's addresses) is looked up as that.
 * @throws NotFound, NoUniqueMatch
 */
export async function findId(client: ApiClient, kind: Kind, idOrName: string): Promise<string> {
  const { member, collection, path, key, hasNames } = kind;
  if (key !== 'id') {
    const other = referred(key);
    return other === null ? idOrName : findId(client, other, idOrName);
  }
  try {
    const answer = await client.get(`${path}/${encodeURIComponent(idOrName)}`, [['fields', 'id']]);
    const { id } = answer[member] as { id: string };
    return id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  const attribute = hasNames ? 'name' : calledBy[collection];
  if (attribute === undefined) throw new NotFound(`Unable to find ${member} with id '${idOrName}'`);
  const what = hasNames ? 'name' : 'address';
  const found = await client.list(
    path,
    [
      ['fields', 'id'],
      [attribute, idOrName],
    ],
    { key: collection },
  );
  if (found.length > 1) {
    throw new NoUniqueMatch(
      `Multiple ${member} matches found for ${what} '${idOrName}', use an ID to be more specific.`,
    );
  }
  if (found.length === 0) throw new NotFound(`Unable to find ${member} with ${what} or id '${idOrName}'`);
  return String(found[0]?.id);
}

/** References whose name does not say what they refer to. */
const otherwise: Readonly<Record<string, string>> = {
  remote_group_id: 'security_groups',
  remote_address_group_id: 'address_groups',
  floating_network_id: 'networks',
  internal_port_id: 'ports',
  qos_policy_id: 'policies',
};

/** Words that stand for something else than a name. */
const words: Readonly<Record<string, string>> = { subnetpool_id: 'prefix_delegation', remote_group_id: 'PARENT' };

/** The kind of thing that `network_id` names; null: it names none. */
export function referred(attribute: string): Kind | null {
  const collection = otherwise[attribute];
  if (collection !== undefined) return nounFor(collection);
  if (!attribute.endsWith('_id')) return null;
  return nouns.find(({ member, parent }) => parent === null && `${member}_id` === attribute) ?? null;
}

/** The id of what an attribute refers to. What looks like an id is believed: the server will say if it is none. */
export async function referredId(client: ApiClient, kind: Kind | null, idOrName: string): Promise<string> {
  return kind && !UUID.test(idOrName) ? findId(client, kind, idOrName) : idOrName;
}

/** A request body with names replaced by ids where an attribute refers to something. */
export async function resolveReferences(
  client: ApiClient,
  body: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const result = { ...body };
  for (const [attribute, value] of Object.entries(body)) {
    const kind = referred(attribute);
    if (kind && typeof value === 'string' && value !== words[attribute]) {
      result[attribute] = await referredId(client, kind, value);
    }
  }
  if (Array.isArray(body.security_groups)) {
    result.security_groups = await eachId(client, nounFor('security_groups'), body.security_groups);
  }
  if (body.external_gateway_info) {
    result.external_gateway_info = await withReferredIds(client, body.external_gateway_info);
  }
  for (const attribute of ['fixed_ips', 'sub_ports', 'external_gateways']) {
    const entries = body[attribute];
    if (!Array.isArray(entries)) continue;
    const resolved: unknown[] = [];
    for (const entry of entries) resolved.push(await withReferredIds(client, entry));
    result[attribute] = resolved;
  }
  return result;
}

/** An object in a list, with names replaced by ids: `subnet_id=lan`, `port_id=web`. */
export async function withReferredIds(client: ApiClient, entry: unknown): Promise<unknown> {
  if (typeof entry !== 'object' || entry === null) return entry;
  const result: Record<string, unknown> = { ...entry };
  for (const [key, value] of Object.entries(result)) {
    if (typeof value === 'string') result[key] = await referredId(client, referred(key), value);
  }
  return result;
}

async function eachId(client: ApiClient, kind: Kind, names: unknown[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) ids.push(await referredId(client, kind, String(name)));
  return ids;
}
