import { type Attribute, required, type Schema, unset } from '../../resources/contract.ts';
import { describeAttribute, describeResource } from '../../resources/descriptions.ts';
import type { CreateRule, ServedResource } from '../served-resource.ts';
import type { SurfaceResource } from './surface.ts';

/** `SecurityGroupRule` of `security_group_rule`. */
export function schemaName(resource: ServedResource): string {
  return joined(resource, resource.member);
}

/** `SecurityGroupRules` of `security_group_rules`. */
export function pluralName(resource: ServedResource): string {
  return joined(resource, resource.collection);
}

function joined({ definition: { parent } }: ServedResource, name: string): string {
  const words = (parent === undefined ? name : `${parent.member}_${name}`).split('_');
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

export function reference(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

/** The schemas of one resource: as it comes back, as it is made, as it is changed. */
export function resourceSchemas({ resource, verbs }: SurfaceResource): Record<string, Schema> {
  const name = schemaName(resource);
  const schemas: Record<string, Schema> = { [name]: shownSchema(resource) };
  if (verbs.has('create')) schemas[`${name}Create`] = createSchema(resource);
  if (verbs.has('update')) schemas[`${name}Update`] = updateSchema(resource);
  return schemas;
}

/**
 * What comes back. No key is named as required: `fields` leaves out what was not asked for, policy what one may not see.
 */
function shownSchema(resource: ServedResource): Schema {
  const shown = [...resource.attributes].filter(([, { ops }]) => ops.includes('R'));
  return {
    type: 'object',
    description: describeResource(resource),
    properties: Object.fromEntries(
      shown.map(([name, attribute]) => [
        name,
        { ...answerSchema(resource, name, attribute), ...textOf(resource, name, attribute) },
      ]),
    ),
  };
}

/** What nobody has set may be null, though a client could not say so. */
function answerSchema({ definition }: ServedResource, name: string, { type, ops, default: value }: Attribute): Schema {
  if (type.shown !== undefined) return type.shown;
  // What the server itself made has no description (the rules of a default group).
  if (name === 'description') return orNull(type.schema);
  const always = ops === 'R' || value === required || name === (definition.key ?? 'id');
  return always || (value !== unset && value !== null) ? type.schema : orNull(type.schema);
}

function orNull(schema: Schema): Schema {
  const { type, enum: values } = schema as { type?: string | readonly string[]; enum?: readonly unknown[] };
  if (type === undefined && values === undefined) return schema;
  const types = type === undefined ? [] : [type].flat();
  return {
    ...schema,
    ...(types.length > 0 && !types.includes('null') && { type: [...types, 'null'] }),
    ...(values !== undefined && !values.includes(null) && { enum: [...values, null] }),
  };
}

function createSchema(resource: ServedResource): Schema {
  return {
    ...inputSchema(resource, resource.creatable),
    description: `What a ${wordsOf(resource.member)} is made of`,
  };
}

function updateSchema(resource: ServedResource): Schema {
  const changing = [...resource.attributes].filter(([name]) => resource.updatable.has(name));
  return {
    type: 'object',
    description: `What can be changed of a ${wordsOf(resource.member)}`,
    properties: Object.fromEntries(
      changing.map(([name, attribute]) => [name, { ...attribute.type.schema, ...textOf(resource, name, attribute) }]),
    ),
    additionalProperties: false,
  };
}

/** A body with these attributes; others are refused. */
export function inputSchema(resource: ServedResource, rules: readonly CreateRule[]): Schema {
  const accepted = rules.filter((rule) => rule.accepted);
  const needed = accepted.filter((rule) => rule.required).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(
      accepted.map(({ name, attribute }) => [
        name,
        { ...attribute.type.schema, ...textOf(resource, name, attribute), ...defaultOf(attribute) },
      ]),
    ),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
}

function textOf(resource: ServedResource, name: string, { extension }: Attribute): Schema {
  const description = describeAttribute(resource, name);
  return {
    ...(description !== '' && { description }),
    ...(extension !== undefined && { 'x-neutron-extension': extension }),
  };
}

function defaultOf({ default: value }: Attribute): Schema {
  return value === unset || value === required ? {} : { default: value };
}

export function wordsOf(member: string): string {
  return member.replaceAll('_', ' ');
}
