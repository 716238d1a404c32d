import type { Schema } from '../../resources/contract.ts';
import type { PathItem } from './operations.ts';
import { envelope, json, refusals } from './responses.ts';

const links: Schema = {
  type: 'array',
  items: { type: 'object', properties: { rel: { type: 'string' }, href: { type: 'string', format: 'uri' } } },
};

const extension: Schema = {
  type: 'object',
  properties: {
    alias: { type: 'string' },
    name: { type: 'string' },
    description: { type: 'string' },
    updated: { type: 'string' },
    links: { type: 'array' },
  },
};

function list(key: string, properties: Readonly<Record<string, Schema>>): Schema {
  return envelope(key, { type: 'array', items: { type: 'object', properties } });
}

const text: Schema = { type: 'string' };
/** Nobody is asked for a token there. */
const open = { security: [] };

/** What does not depend on the plugin's data. */
export const fixedPaths: Readonly<Record<string, PathItem>> = {
  '/': {
    get: {
      operationId: 'listVersions',
      tags: ['about'],
      summary: 'Versions of the API',
      ...open,
      responses: {
        200: { description: 'There is one', content: json(list('versions', { id: text, status: text, links })) },
      },
    },
  },
  '/v2.0/': {
    get: {
      operationId: 'listCoreResources',
      tags: ['about'],
      summary: 'Resources of the core',
      responses: {
        200: {
          description: 'Those that need no extension',
          content: json(list('resources', { name: text, collection: text, links })),
        },
        ...refusals([401]),
      },
    },
  },
  '/v2.0/extensions': {
    get: {
      operationId: 'listExtensions',
      tags: ['about'],
      summary: 'Extensions of this server',
      responses: {
        200: {
          description: 'Those that work in its configuration',
          content: json(envelope('extensions', { type: 'array', items: extension })),
        },
        ...refusals([401]),
      },
    },
  },
  '/v2.0/extensions/{alias}': {
    get: {
      operationId: 'getExtension',
      tags: ['about'],
      summary: 'Shows an extension',
      parameters: [{ name: 'alias', in: 'path', description: 'Its alias', required: true, schema: { type: 'string' } }],
      responses: {
        200: { description: 'It', content: json(envelope('extension', extension)) },
        ...refusals([401]),
        404: {
          description: 'It is not loaded',
          content: json({ type: 'object', properties: { message: text, code: text, title: text } }),
        },
      },
    },
  },
  '/healthcheck': {
    get: {
      operationId: 'checkHealth',
      tags: ['about'],
      summary: 'Whether the server is in service',
      ...open,
      responses: Object.fromEntries(
        [200, 503].map((status) => [
          status,
          {
            description: status === 200 ? 'It is' : 'Database or queue is away, or its operator took it out',
            content: json({
              type: 'object',
              properties: { detailed: { type: 'boolean' }, reasons: { type: 'array', items: text } },
            }),
          },
        ]),
      ),
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'getApiDescription',
      tags: ['about'],
      summary: 'This document',
      ...open,
      responses: { 200: { description: 'OpenAPI 3.1', content: json({ type: 'object' }) } },
    },
  },
};
