import type { Schema } from '../../resources/contract.ts';
import { reference } from './schemas.ts';

const statusTexts = {
  400: 'The request is wrong',
  401: 'No token, or one that is not valid',
  403: 'Policy does not allow it',
  404: 'There is no such thing, or the caller may not see it',
  409: 'It contradicts something that is there: it is in use, exists already, or the quota is used up',
  412: 'It has another revision than If-Match says',
  413: 'The body is too large',
  503: 'Something the server needs does not answer; try again',
} as const;

const fault: Schema = {
  type: 'object',
  properties: {
    type: { type: 'string', description: 'What went wrong, for programs: NetworkNotFound, OverQuota …' },
    message: { type: 'string', description: 'The same for people' },
    detail: { type: 'string' },
  },
  required: ['type', 'message', 'detail'],
};

export const errorSchemas: Readonly<Record<string, Schema>> = {
  NeutronError: { type: 'object', properties: { NeutronError: fault }, required: ['NeutronError'] },
  /** Of what policy hides upstream answers the fault alone. */
  NotFound: { anyOf: [reference('NeutronError'), fault] },
  Unauthorized: {
    type: 'object',
    properties: {
      error: {
        type: 'object',
        properties: { code: { const: 401 }, title: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
  Links: {
    type: 'array',
    description: 'Other pages; there while a limit is in force',
    items: {
      type: 'object',
      properties: { rel: { enum: ['next', 'previous'] }, href: { type: 'string', format: 'uri' } },
      required: ['rel', 'href'],
    },
  },
};

const schemaOf: Readonly<Record<string, string>> = { 401: 'Unauthorized', 404: 'NotFound' };

type Status = keyof typeof statusTexts;

/** The refusals that operations refer to, by status. */
export function errorResponses(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(statusTexts).map(([status, description]) => [
      responseName(Number(status) as Status),
      {
        description,
        content: json(reference(schemaOf[status] ?? 'NeutronError')),
      },
    ]),
  );
}

/** Of one operation: what it may be refused with. */
export function refusals(statuses: readonly Status[]): Record<string, unknown> {
  return Object.fromEntries(
    statuses.map((status) => [String(status), { $ref: `#/components/responses/${responseName(status)}` }]),
  );
}

function responseName(status: Status): string {
  return `Refused${status}`;
}

export interface JsonContent {
  readonly 'application/json': { readonly schema: Schema; readonly example?: unknown };
}

export function json(schema: Schema, example?: unknown): JsonContent {
  return { 'application/json': { schema, ...(example !== undefined && { example }) } };
}

/** An object with one key. */
export function envelope(key: string, schema: Schema, more: Readonly<Record<string, Schema>> = {}): Schema {
  return { type: 'object', properties: { [key]: schema, ...more }, required: [key] };
}
