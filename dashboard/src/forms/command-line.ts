import { oldClient, oldConstants, oldFlags } from '../../../src/resources/old-client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';

/** One request that changed something, as it can be said again. */
export interface Done {
  readonly resource: ApiResource;
  readonly verb: 'create' | 'update' | 'delete';
  readonly id: string | null;
  readonly parentId: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The request as a line for a shell. A token is named, not shown. */
export function curlLine({ resource, verb, id, parentId, body }: Done, base: string, hasToken: boolean): string {
  const method = { create: 'POST', update: 'PUT', delete: 'DELETE' }[verb];
  const url = base + collectionPath(resource, parentId) + (id === null ? '' : `/${encodeURIComponent(id)}`);
  const words = ['curl', '-sS', '-X', method];
  if (hasToken) words.push('-H', '"X-Auth-Token: $OS_TOKEN"');
  if (verb !== 'delete')
    words.push(
      '-H',
      quoted('Content-Type: application/json'),
      '-d',
      quoted(JSON.stringify({ [resource.member]: body })),
    );
  return [...words, quoted(url)].join(' ');
}

/** The request as a command of the client, or null when that cannot say it. */
export function neutronLine({ resource, verb, id, parentId, body }: Done): string | null {
  const { collection, member } = resource;
  const old = oldClient[collection] ?? {};
  const operands = verb === 'create' ? (old.operands ?? [{ attribute: 'name' }]) : [];
  const words: string[] = parentId === null ? [] : [parentId];
  const rest: Record<string, unknown> = { ...body };
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
  return ['neutron', command, ...(options as string[][]).flat(), ...words].map(quoted).join(' ');
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

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
