import { expect, it } from 'vitest';
import { parseListen } from './options.ts';

it.each([
  ['9100', { host: '127.0.0.1', port: 9100 }],
  ['127.0.0.1:9100', { host: '127.0.0.1', port: 9100 }],
  ['[::1]:9100', { host: '::1', port: 9100 }],
  ['0.0.0.0:0', { host: '0.0.0.0', port: 0 }],
  ['controller:9100', { host: 'controller', port: 9100 }],
  ['', null],
  ['host', null],
  ['host:', null],
  [':9100', null],
  ['::1:9100', null],
  ['host:65536', null],
  ['http://host:9100', null],
  ['user@host:9100', null],
])('%j is %j', (text, where) => {
  expect(parseListen(text)).toEqual(where);
});
