import { beforeAll, describe, expect, it } from 'vitest';
import { servedDocument } from '../../../test/support/served-document.ts';
import { type ApiDocument, resourcesOf } from '../api/description.ts';
import { type Field, fieldsOf } from '../forms/form-model.ts';
import { descriptionIn, translated } from './descriptions.ts';
import { attributeName } from './resources.ts';

let fields: Field[];
beforeAll(async () => {
  const resources = resourcesOf((await servedDocument()) as ApiDocument);
  const withMembers = (of: readonly Field[]): Field[] => of.flatMap((field) => [field, ...withMembers(field.members)]);
  fields = resources.flatMap(({ create, update }) =>
    [create, update].flatMap((schema) => (schema ? withMembers(fieldsOf(schema, resources)) : [])),
  );
});

describe('what the server says of the fields of its forms', () => {
  it('is said in Chinese as well, each of it', () => {
    const missing = fields
      .filter(({ description }) => description !== '' && descriptionIn('zh', description) === description)
      .map(({ name, description }) => `${name}: ${description}`);
    expect([...new Set(missing)]).toEqual([]);
  });

  it('has no translation of what it no longer says', () => {
    const said = new Set(fields.map(({ description }) => description));
    expect(translated.filter((english) => !said.has(english))).toEqual([]);
  });

  it('stays as it is in English, and where nothing is known', () => {
    expect(descriptionIn('en', 'Free text')).toBe('Free text');
    expect(descriptionIn('zh', 'toString')).toBe('toString');
  });
});

it('every field has a Chinese name', () => {
  const missing = fields.map(({ name }) => name).filter((name) => !/[\u4e00-\u9fff]/.test(attributeName(name)[1]));
  expect([...new Set(missing)].filter((name) => !['mtu', 'enable_dhcp'].includes(name))).toEqual([]);
});
