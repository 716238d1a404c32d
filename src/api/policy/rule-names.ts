import type { ServedResource } from '../served-resource.ts';

/** The rule of a verb: `create_network`, below a parent `get_port_binding`. */
export function ruleName(verb: 'create' | 'get' | 'update' | 'delete', { definition }: ServedResource): string {
  const { member, parent } = definition;
  return parent === undefined ? `${verb}_${member}` : `${verb}_${parent.member}_${member}`;
}
