import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NeutronError } from '../lib/errors.ts';
import { parseBody, unwrap } from './body.ts';

const bytes = (text: string) => Buffer.from(text);

describe('parseBody', () => {
  it.each([null, undefined, bytes('')])('takes no body (%s) for an empty object', (body) => {
    expect(parseBody(body)).toEqual({});
  });

  it('takes the last of duplicate keys, as upstream', () => {
    expect(parseBody(bytes('{"network": {"name": "a", "name": "b"}}'))).toEqual({ network: { name: 'b' } });
  });

  it.each([
    ['no JSON', bytes('{"network": {')],
    ['a list', bytes('[1]')],
    ['a string', bytes('"x"')],
    ['null', bytes('null')],
    ['NaN', bytes('{"a": NaN}')],
    ['a byte that is no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['half a surrogate pair', bytes('{"network": {"name": "\\ud83d"}}')],
    ['half a surrogate pair in a key', bytes('{"network": {"\\ud83d": 1}}')],
    ['NUL', bytes('{"network": {"name": "a\\u0000b"}}')],
    ['nesting without end', bytes(`{"a": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`)],
  ])('refuses %s', (_, body) => {
    expect(() => parseBody(body)).toThrow(expect.objectContaining({ type: 'HTTPBadRequest', kind: 'bad_request' }));
  });

  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        const text = JSON.stringify(value);
        if (text.includes('\\u0000')) return;
        expect(parseBody(bytes(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses or reads any bytes, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
        try {
          expect(parseBody(body)).toBeTypeOf('object');
        } catch (error) {
          expect(error).toBeInstanceOf(NeutronError);
        }
      }),
    );
  });
});

describe('unwrap', () => {
  const from = (text: string) => unwrap(parseBody(bytes(text)), 'port', 'ports', true);

  it.each([
    ['{"port": {"a": 1}, "x": 2}', { one: { a: 1 } }],
    ['{"ports": [{"a": 1}, {"port": {"b": 2}}]}', { many: [{ a: 1 }, { b: 2 }] }],
    ['{"port": {"a": 1}, "ports": [{}]}', { many: [{}] }],
  ])('%s', (text, wanted) => expect(from(text)).toEqual(wanted));

  it.each([
    ['{}', "Unable to find 'port' in request body"],
    ['{"port": null}', "Unable to find 'port' in request body"],
    ['{"port": 5}', "Object 'port' contains invalid data"],
    ['{"port": []}', "Object 'port' contains invalid data"],
    ['{"ports": []}', 'Resources required'],
    ['{"ports": null}', 'Resources required'],
    ['{"ports": {}}', 'Resources required'],
    ['{"ports": ["a"]}', "Object 'port' contains invalid data"],
    ['{"ports": {"a": 1}}', 'Body contains invalid data'],
    ['{"ports": "ab"}', 'Body contains invalid data'],
    ['{"ports": [null]}', 'Body contains invalid data'],
    ['{"ports": [[1]]}', "Object 'port' contains invalid data"],
    ['{"ports": [{"port": 1}]}', "Object 'port' contains invalid data"],
    ['{"__proto__": {"port": {}}}', "Unable to find 'port' in request body"],
  ])('%s: %s', (text, message) => {
    expect(() => from(text)).toThrow(expect.objectContaining({ type: 'HTTPBadRequest', message }));
  });

  it('where one is called as many are: a list is several', () => {
    const body = (value: unknown) => ({ defaults: value }) as Record<string, unknown>;
    expect(unwrap(body({ a: 1 }), 'defaults', 'defaults', true)).toEqual({ one: { a: 1 } });
    expect(unwrap(body([{ a: 1 }]), 'defaults', 'defaults', true)).toEqual({ many: [{ a: 1 }] });
  });
});
