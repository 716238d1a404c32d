import { type AttributeTable, type AttributeType, type RouteDefinition, unset } from './contract.ts';
import { resourceErrors } from './errors.ts';
import { uniqueTextList } from './validators.ts';

const TAG_LENGTH = 255;

/** Upstream's tag controller checks by itself, hence the type of error. How many tags fit is the plugin's. */
const tagList: AttributeType = {
  schema: { type: 'array', items: { type: 'string', maxLength: TAG_LENGTH }, uniqueItems: true },
  validate(value) {
    const wrong = uniqueTextList(TAG_LENGTH)(value);
    if (wrong !== null) throw resourceErrors.InvalidInput({ error_message: wrong });
    return null;
  },
};

/** A body without tags is the handler's to refuse: upstream says it in words of its own. */
const body: AttributeTable = { tags: { ops: 'CU', type: tagList, default: unset } };

/** The tags of one resource, `networks/{id}/tags` (upstream: extensions/tagging.py). */
export function tagRoutes(member: string, collection: string): RouteDefinition[] {
  const route = (
    method: RouteDefinition['method'],
    verb: 'get' | 'create' | 'update' | 'delete',
    below: '' | '/{tag}',
    status: RouteDefinition['status'],
    summary: string,
    more: Partial<RouteDefinition> = {},
  ): RouteDefinition => ({
    method,
    path: `${collection}/{id}/tags${below}`,
    extension: 'standard-attr-tag',
    summary,
    rule: `${verb}_${member}:tags`,
    status,
    envelope: null,
    ...more,
  });
  return [
    route('GET', 'get', '', 200, 'Lists the tags'),
    route('PUT', 'update', '', 200, 'Replaces all tags', { body }),
    route('POST', 'create', '', 201, 'Adds tags', { body, extension: 'tag-creation' }),
    route('DELETE', 'delete', '', 204, 'Removes all tags'),
    route('GET', 'get', '/{tag}', 204, 'Whether there is such a tag'),
    route('PUT', 'update', '/{tag}', 201, 'Adds a tag'),
    route('DELETE', 'delete', '/{tag}', 204, 'Removes a tag'),
  ];
}
