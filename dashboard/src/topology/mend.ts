import type { ApiResource } from '../api/description.ts';
import { type FormValues, fieldsOf, valuesOf } from '../forms/form-model.ts';

/** What the server says would let a packet go on: `mend` of a hop. */
export interface Mend {
  readonly resource: string;
  /** What is to be changed; null: one is to be made. */
  readonly id: string | null;
  readonly values: Readonly<Record<string, unknown>>;
  /** The network that a router is to be joined to, in place of the above. */
  readonly join?: string;
}

/** The values as the inputs of the resource's form hold them; those that it has no input for are left out. */
export function givenOf({ values, id }: Mend, resource: ApiResource, resources: readonly ApiResource[]): FormValues {
  const schema = (id === null ? resource.create : resource.update) ?? {};
  const fields = fieldsOf(schema, resources).filter(({ name }) => Object.hasOwn(values, name));
  return valuesOf(fields, values);
}
