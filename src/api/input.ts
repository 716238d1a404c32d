import type { Context } from '../lib/context.ts';
import type { Input } from '../plugin/contract.ts';
import { type Attribute, unset } from '../resources/contract.ts';
import type { Body } from './body.ts';
import { badRequest } from './errors.ts';
import type { CreateRule, ServedResource } from './served-resource.ts';

/**
 * From a client's object to the plugin's input, in upstream's order (which fault is named first is part of the
 * contract): project, unknown keys, what may not be given, what must be, then each value.
 *
 * @throws HTTPBadRequest, InvalidInput, and the types of single attributes
 */
export function createInput(resource: ServedResource, body: Body, context: Context): Input {
  const given = resource.hasProject ? withProject(body, context, true, !resource.attributes.has('tenant_id')) : body;
  refuseUnknown(resource.attributes, given);
  return readInput(resource.creatable, given);
}

/** As `createInput`, for the body of a route: only what is given is in the input. */
export function routeInput(rules: readonly CreateRule[], body: Body): Input {
  refuseUnknown(new Map(rules.map(({ name, attribute }) => [name, attribute])), body);
  const input = readInput(rules, body);
  return Object.fromEntries(Object.entries(input).filter(([name]) => Object.hasOwn(body, name)));
}

function readInput(rules: readonly CreateRule[], given: Body): Input {
  const input: Input = {};
  for (const { name, accepted, required } of rules) {
    const has = Object.hasOwn(given, name);
    if (!accepted) {
      if (has) throw badRequest(`Attribute '${name}' not allowed in POST`);
      continue;
    }
    if (has) input[name] = given[name];
    else if (required) throw badRequest(`Failed to parse request. Required attribute '${name}' not specified`);
  }
  for (const { name, attribute, accepted } of rules) {
    if (!accepted) continue;
    if (Object.hasOwn(input, name)) input[name] = readValue(name, attribute, input[name]);
    else input[name] = attribute.default === unset ? undefined : structured(attribute.default);
  }
  return input;
}

/** As `createInput`, for the keys a PUT changes. */
export function updateInput(resource: ServedResource, body: Body, context: Context): Input {
  if (resource.hasProject) withProject(body, context, false);
  refuseUnknown(resource.attributes, body);
  const names = Object.keys(body);
  for (const name of names) {
    if (!resource.updatable.has(name))
      throw badRequest(`Cannot update read-only attribute ${name === 'project_id' ? 'tenant_id' : name}`);
  }
  const input: Input = {};
  for (const name of names) input[name] = readValue(name, resource.attributes.get(name)!, body[name]);
  return input;
}

function refuseUnknown(known: ReadonlyMap<string, Attribute>, body: Body): void {
  let unknown: string[] | null = null;
  for (const name of Object.keys(body)) {
    if (!known.has(name)) {
      unknown ??= [];
      unknown.push(name);
    }
  }
  if (unknown !== null) throw badRequest(`Unrecognized attribute(s) '${unknown.join(', ')}'`);
}

function readValue(name: string, { type }: Attribute, value: unknown): unknown {
  const converted = type.convert === undefined ? value : type.convert(value);
  const reason = type.validate === undefined ? null : type.validate(converted);
  if (reason !== null) throw badRequest(`Invalid input for ${name}. Reason: ${reason}.`);
  return type.normalize === undefined ? converted : type.normalize(converted);
}

/** Defaults that are lists must not be shared between requests. */
function structured(value: unknown): unknown {
  return Array.isArray(value) ? [...value] : value;
}

/**
 * `tenant_id` and `project_id` are one field: fills in the one that is missing, on create from the caller.
 * @param isNewStyle the resource knows `project_id` alone
 */
function withProject(body: Body, context: Context, isCreate: boolean, isNewStyle = false): Body {
  const tenant = Object.hasOwn(body, 'tenant_id') ? body.tenant_id : undefined;
  const project = Object.hasOwn(body, 'project_id') ? body.project_id : undefined;
  if (tenant !== undefined && project !== undefined && tenant !== project) {
    throw badRequest("'project_id' and 'tenant_id' do not match");
  }
  let owner = project === undefined ? tenant : project;
  if (owner !== undefined && owner !== context.projectId && !context.isAdmin && !context.roles.includes('advsvc')) {
    throw badRequest(
      "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin or advsvc privileges",
    );
  }
  if (!isCreate) return body;
  if (owner === undefined) {
    if (context.projectId === null) {
      throw badRequest('Running without keystone AuthN requires that tenant_id is specified');
    }
    owner = context.projectId;
  }
  return isNewStyle ? { ...body, project_id: owner } : { ...body, tenant_id: owner, project_id: owner };
}
