import { type Answer, ApiError, type Method } from '../api/client.ts';
import { type ApiResource, collectionPath } from '../api/description.ts';
import { type Field, type FormValues, sentOf } from './form-model.ts';

type Item = Readonly<Record<string, unknown>>;

/** A change that can be taken back: what to send for that, and how the thing was left by the change. */
export interface Undo {
  readonly resource: ApiResource;
  readonly parentId: string | null;
  readonly id: string;
  readonly body: Item;
  readonly left: Item;
}

/** Somebody, or something, changed it since: taking back would take that away as well. */
export class ChangedSince extends Error {
  override name = 'ChangedSince';
}

/** What changes by itself, and by every change. */
const volatile = new Set(['status', 'updated_at', 'revision_number', 'heartbeat_timestamp']);

/**
 * The values before a change, as a form would send them; null where those would not be all that was there, because the
 * caller may not set a part of it, or the form has no input for that.
 *
 * @param of how it was
 * @param first what the inputs held at first
 * @param changed names that the change sent
 */
export function formerValues(
  fields: readonly Field[],
  of: Item,
  first: FormValues,
  changed: readonly string[],
): Item | null {
  const former = changed.map(
    (name) => [name, sentOf(fields.find((field) => field.name === name)!, first[name]!)] as const,
  );
  return former.every(([name, value]) => same(value, of[name])) ? Object.fromEntries(former) : null;
}

/** What is absent, null, or a list or object of nothing counts as the same. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(plain(one)) === JSON.stringify(plain(other));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(plain);
  if (value === null || value === undefined || value === '') return null;
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([key, one]) => [key, plain(one)] as const)
    .filter(([, one]) => one !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** As `ask` of the API's client. */
export type Ask = (
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
  ifRevision?: number,
) => Promise<Answer<Record<string, Item>>>;

const tries = 5;

/** Takes something back. @throws ChangedSince, ApiError */
export type TakeBack = (ask: Ask) => Promise<void>;

/** Sends the former values, on condition that nothing but its status changed since: agents report that after nearly every change. */
export function takeBack({ resource, parentId, id, body, left }: Undo): TakeBack {
  const { member } = resource;
  return whileUnchanged({
    path: `${collectionPath(resource, parentId)}/${encodeURIComponent(id)}`,
    member,
    // Without revisions there is no condition to send: then it is looked at before.
    revision: revisionOf(left),
    isSame: (now) =>
      Object.keys({ ...left, ...now }).every((name) => volatile.has(name) || same(left[name], now[name])),
    send: (ask, path, revision) => ask('PUT', path, { [member]: body }, undefined, revision),
  });
}

/** Tags a thing as it was before, while it has the tags that it was given. */
export function takeBackTags(
  { resource, parentId, id }: Pick<Undo, 'resource' | 'parentId' | 'id'>,
  { before, given }: { before: readonly string[]; given: readonly string[] },
): TakeBack {
  const sorted = (tags: unknown) => [...((tags ?? []) as string[])].sort();
  return whileUnchanged({
    path: `${collectionPath(resource, parentId)}/${encodeURIComponent(id)}`,
    member: resource.member,
    isSame: ({ tags }) => same(sorted(tags), sorted(given)),
    send: (ask, path, revision) => ask('PUT', `${path}/tags`, { tags: before }, undefined, revision),
  });
}

interface Condition {
  readonly path: string;
  readonly member: string;
  /** Of which nothing is to be asked before the first try; absent: it is looked at first. */
  readonly revision?: number | undefined;
  readonly isSame: (now: Item) => boolean;
  readonly send: (ask: Ask, path: string, revision: number | undefined) => Promise<unknown>;
}

function whileUnchanged({ path, member, revision: first, isSame, send }: Condition): TakeBack {
  return async (ask) => {
    let revision = first;
    for (let tried = 1; ; tried++) {
      if (revision === undefined || tried > 1) {
        const now = (await ask('GET', path)).body[member]!;
        if (!isSame(now)) throw new ChangedSince();
        revision = revisionOf(now);
      }
      try {
        await send(ask, path, revision);
        return;
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 412) throw error;
        if (tried === tries) throw new ChangedSince();
      }
    }
  };
}

function revisionOf({ revision_number: revision }: Item): number | undefined {
  return typeof revision === 'number' ? revision : undefined;
}
