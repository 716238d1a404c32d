import { oldClient, oldConstants, oldFlags } from '../../../src/resources/old-client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';
import { lineOf, quoted } from './shell-words.ts';

/** One request that changed something, as it can be said again. */
export interface Done {
  readonly resource: ApiResource;
  readonly verb: 'create' | 'update' | 'delete' | 'add_router_interface' | 'remove_router_interface' | 'tags';
  readonly id: string | null;
  readonly parentId: string | null;
  readonly body: Readonly<Record<string, unknown>>;
  /** What to say instead of values in the body, to make the same again: the name of the network that was made for a subnet. */
  readonly named?: Readonly<Record<string, string>>;
  /** What was made, as the server shows it. */
  readonly made?: Readonly<Record<string, unknown>>;
}

/** What was, or is to be, asked of the API. */
export function requestOf({ resource, verb, id, parentId, body }: Omit<Done, 'made'>): {
  method: 'POST' | 'PUT' | 'DELETE';
  path: string;
  body: unknown;
} {
  const method = verb === 'create' ? 'POST' : verb === 'delete' ? 'DELETE' : 'PUT';
  // Their paths have one word more, and their bodies stand in no envelope.
  const isAction = verb === 'add_router_interface' || verb === 'remove_router_interface' || verb === 'tags';
  const item = id === null ? '' : `/${encodeURIComponent(id)}${isAction ? `/${verb}` : ''}`;
  return {
    method,
    path: collectionPath(resource, parentId) + item,
    body: verb === 'delete' ? undefined : isAction ? body : { [resource.member]: body },
  };
}

/** The request as a line for a shell. A token is named, not shown. */
export function curlLine(done: Done, base: string, hasToken: boolean): string {
  const { method, path, body } = requestOf(done);
  const words = ['curl', '-sS', '-X', method];
  if (hasToken) words.push('-H', '"X-Auth-Token: $OS_TOKEN"');
  if (body !== undefined)
    words.push('-H', quoted('Content-Type: application/json'), '-d', quoted(JSON.stringify(body)));
  return [...words, quoted(base + path)].join(' ');
}

/** The request as a command of the client, or null when that cannot say it. */
export function neutronLine({ resource, verb, id, parentId, body, named }: Done): string | null {
  const { collection, member } = resource;
  if (verb === 'add_router_interface' || verb === 'remove_router_interface') {
    const { subnet_id: subnet, port_id: port } = body;
    const what = typeof port === 'string' ? `port=${port}` : String(subnet);
    return lineOf(['neutron', `router-interface-${verb === 'add_router_interface' ? 'add' : 'delete'}`, id!, what]);
  }
  if (verb === 'tags') return tagLine(member, id!, body.tags as readonly string[]);
  const old = oldClient[collection] ?? {};
  const operands = verb === 'create' ? (old.operands ?? [{ attribute: 'name' }]) : [];
  const words: string[] = parentId === null ? [] : [parentId];
  const rest: Record<string, unknown> = { ...body, ...named };
  for (const { attribute } of operands) {
    const value = rest[attribute];
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    words.push(String(value));
    delete rest[attribute];
  }
  if (id !== null) words.push(id);
  // A word that begins with a dash would be read as an option.
  if (words.some((word) => word.startsWith('-') || word === '')) return null;
  const options = Object.entries(rest).map(([name, value]) => optionOf(name, value, old.flags?.[name]));
  if (options.some((option) => option === null)) return null;
  const command = `${old.word ?? member.replaceAll('_', '-')}-${verb}`;
  return lineOf(['neutron', command, ...(options as string[][]).flat(), ...words]);
}

/** The client has no way to say that there are none but another command. */
function tagLine(member: string, id: string, tags: readonly string[]): string {
  const of = [`--resource-type=${member}`, `--resource=${id}`];
  if (tags.length === 0) return lineOf(['neutron', 'tag-remove', ...of, '--all']);
  return lineOf(['neutron', 'tag-replace', ...of, ...tags.map((tag) => `--tag=${tag}`)]);
}

function optionOf(name: string, value: unknown, own: string | undefined): string[] | null {
  const constant = oldConstants.find(([of, , meant]) => of === name && JSON.stringify(meant) === JSON.stringify(value));
  if (constant) return [constant[1]];
  const flag = own ?? oldFlags[name] ?? `--${name.replaceAll('_', '-')}`;
  if (Array.isArray(value)) {
    if (value.length === 0) return null;
    const texts = value.map((one) =>
      typeof one === 'object' ? objectText(one as Record<string, unknown>) : String(one),
    );
    return texts.includes(null) ? null : texts.map((text) => `${flag}=${text}`);
  }
  if (value === null) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return [`${flag}=${typeof value === 'boolean' ? text.replace(/^./, (first) => first.toUpperCase()) : text}`];
}

/** `start=10.0.0.2,end=10.0.0.9`, or JSON where that would be read otherwise. */
function objectText(object: Readonly<Record<string, unknown>>): string | null {
  const entries = Object.entries(object);
  const isPlain = entries.every(
    ([key, value]) => /^\w+$/.test(key) && typeof value !== 'object' && !/[,=]/.test(String(value)),
  );
  return isPlain && entries.length > 0
    ? entries.map(([key, value]) => `${key}=${value}`).join(',')
    : JSON.stringify(object);
}
