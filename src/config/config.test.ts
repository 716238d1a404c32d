import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { declareOptions, option } from '../lib/options.ts';
import { loadConfig } from './config.ts';
import { ConfigError } from './errors.ts';
import { findConfigFiles } from './files.ts';
import { maskUrl } from './mask.ts';
import { commonOptions, concurrencyOptions } from './options/common.ts';
import { databaseOptions, sqlitePath } from './options/database.ts';
import { novaOptions } from './options/identity.ts';
import { loggingOptions } from './options/logging.ts';
import { renderConfig } from './show.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text: string) => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};

const group = declareOptions('sample', {
  text: option.string({ default: 'usual', help: '' }),
  unset: option.maybe({ help: '' }),
  mode: option.string({ default: 'Fast', choices: ['Fast', 'Safe'], help: '' }),
  count: option.int({
    default: 3,
    min: 1,
    max: 9,
    help: '',
    deprecated: [{ name: 'number' }, { section: 'old', name: 'count' }],
  }),
  ratio: option.float({ default: 0.5, help: '' }),
  flag: option.bool({ default: false, help: '' }),
  items: option.list({ default: ['a'], help: '' }),
  map: option.dict({ default: {}, help: '' }),
  many: option.multi({ default: [], help: '' }),
  secret: option.maybe({ help: '', secret: true }),
});
const load = (text: string, ...more: string[]) =>
  loadConfig({ files: [text, ...more].map((t, i) => write(`${i}.conf`, t)), groups: [group, commonOptions] });
const values = (text: string, ...more: string[]) =>
  load(`[sample]\n${text}`, ...more.map((t) => `[sample]\n${t}`)).get(group);

test('gives the defaults when no file says anything', () => {
  expect(values('')).toEqual({
    text: 'usual',
    unset: null,
    mode: 'Fast',
    count: 3,
    ratio: 0.5,
    flag: false,
    items: ['a'],
    map: {},
    many: [],
    secret: null,
  });
});

test.each([
  ['text = a = b', { text: 'a = b' }],
  ['unset =', { unset: null }],
  ['unset = x', { unset: 'x' }],
  ['mode = safe', { mode: 'Safe' }],
  ['count = 9', { count: 9 }],
  ['count =', { count: 3 }],
  ['number = 4', { count: 4 }],
  ['number = 4\ncount = 5', { count: 5 }],
  ['count = 5\nnumber = 4', { count: 5 }],
  ['ratio = 2', { ratio: 2 }],
  ['flag = yes', { flag: true }],
  ['flag = Off', { flag: false }],
  ['items = x , y,', { items: ['x', 'y'] }],
  ['items =', { items: [] }],
  ['items = x,\n  y', { items: ['x', 'y'] }],
  ['map = physnet1:1500, physnet2:9000', { map: { physnet1: '1500', physnet2: '9000' } }],
  ['map = __proto__:1', { map: JSON.parse('{"__proto__":"1"}') }],
  ['many = 1\nmany = 2', { many: ['1', '2'] }],
] as const)('reads %j', (text, expected) => {
  expect(values(text)).toMatchObject(expected);
});

test.each([
  ['count = many', '[sample] count = many: is not a whole number; the default is 3'],
  ['count = 10', '[sample] count = 10: must be between 1 and 9; the default is 3'],
  ['number = 0', '[sample] number = 0: must be between 1 and 9; the default is 3'],
  ['count = 1e1', '[sample] count = 1e1: is not a whole number; the default is 3'],
  ['ratio = much', '[sample] ratio = much: is not a number; the default is 0.5'],
  ['flag = maybe', '[sample] flag = maybe: is neither true nor false; write True or False; the default is False'],
  ['mode = slow', '[sample] mode = slow: must be one of Fast, Safe; the default is Fast'],
  ['map = a', '[sample] map = a: "a" is not key:value'],
  ['map = a:1,a:2', '[sample] map = a:1,a:2: key a is given twice; keep one'],
  ['text = $nothing', '[sample] text = $nothing: $nothing names no option; write $$ for a dollar sign'],
  ['secret = pa$word', '[sample] secret = ****: a $ in it names no option; write $$ for a dollar sign'],
])('refuses %j with file, line, reason and remedy', (text, message) => {
  expect(() => values(text)).toThrow(new ConfigError(`${folder}/0.conf:2: ${message}`));
});

test('a later file wins, also with an older name; lists of values gather', () => {
  expect(values('count = 4\nmany = 1', 'number = 5\nmany = 2')).toMatchObject({ count: 5, many: ['1', '2'] });
});

test('sections in any case, options of other sections by their old place', () => {
  expect(load('[SAMPLE]\ntext = x\n[Old]\ncount = 7').get(group)).toMatchObject({ text: 'x', count: 7 });
});

test.each([
  ['$state_path/x', '/s/x'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax under test
  ['${state_path}x', '/sx'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax under test
  ['${default.state_path}', '/s'],
  ['$sample.mode', 'Fast'],
  ['$mode', 'Fast'],
  ['$my_ip', '192.0.2.1'],
  ['$state_path.', '/s.'],
  ['a$$b', 'a$b'],
  ['a\\$b', 'a$b'],
  ['100$', '100$'],
  ['$5', '$5'],
])('puts other options in place: %s', (text, expected) => {
  expect(load(`[DEFAULT]\nstate_path = /s\nmy_ip = 192.0.2.1\n[sample]\ntext = ${text}`).get(group).text).toBe(
    expected,
  );
});

test('defaults may refer to other options too', () => {
  const config = loadConfig({
    files: [write('a', '[DEFAULT]\nstate_path = /s')],
    groups: [commonOptions, databaseOptions, concurrencyOptions],
  });
  expect(config.get(databaseOptions).connection).toBe('sqlite:////s/neutron.sqlite');
  expect(sqlitePath(config.get(databaseOptions).connection)).toBe('/s/neutron.sqlite');
  expect(config.get(concurrencyOptions).lock_path).toBe('/s/lock');
});

test('options that refer to each other are refused, not followed for ever', () => {
  expect(() => values('text = $unset\nunset = $text')).toThrow('names no option');
  expect(() => values('text = $text')).toThrow('$text names no option');
});

test('an override wins over files and is told as such', () => {
  const config = loadConfig({
    files: [write('a', '[DEFAULT]\ndebug = False')],
    groups: [loggingOptions],
    overrides: [{ section: 'DEFAULT', name: 'debug', value: 'True' }],
  });
  expect(config.get(loggingOptions).debug).toBe(true);
  expect(config.origin('DEFAULT', 'debug')).toEqual({ kind: 'command line' });
});

test('what nobody understands is kept for one debug line; old names are not among it', () => {
  const config = load('[sample]\nnumber = 4\nstrange = 1\n[elsewhere]\nx = 2');
  expect(config.unknown.map((e) => [e.section, e.name, e.line])).toEqual([
    ['sample', 'strange', 3],
    ['elsewhere', 'x', 5],
  ]);
  expect(config.deprecated.map((d) => [d.entry.name, d.name])).toEqual([['number', 'count']]);
  expect(config.origin('sample', 'count')).toMatchObject({ kind: 'file', line: 2, name: 'number' });
});

test('--config-dir: parts in the order of their names, after the files', () => {
  const dir = dirname(write('d/20-b.conf', '[sample]\ntext = b'));
  write('d/10-a.conf', '[sample]\ntext = a\ncount = 4');
  write('d/readme.txt', 'not read');
  const config = loadConfig({ files: [write('f', '[sample]\ntext = f\ncount = 5')], dirs: [dir], groups: [group] });
  expect(config.get(group)).toMatchObject({ text: 'b', count: 4 });
});

test('files are looked for where packages put them, or taken from the command line in its order', () => {
  const etc = dirname(write('neutron.conf', ''));
  write('plugins/ml2/ml2_conf.ini', '');
  write('neutron.conf.d/a.conf', '');
  const names = (program: string) => findConfigFiles(program, [], etc).map((path) => path.slice(etc.length + 1));
  expect(names('neutron-server')).toEqual(['neutron.conf', 'plugins/ml2/ml2_conf.ini', 'neutron.conf.d/a.conf']);
  write('plugin.ini', '');
  write('neutron-server.conf.d/b.conf', '');
  expect(names('neutron-server')).toEqual([
    'neutron.conf',
    'plugin.ini',
    'neutron.conf.d/a.conf',
    'neutron-server.conf.d/b.conf',
  ]);
  expect(names('neutron-dhcp-agent')).toEqual(['neutron.conf', 'neutron.conf.d/a.conf']);
  const given = [
    { kind: 'dir', path: join(etc, 'neutron.conf.d') },
    { kind: 'file', path: join(etc, 'neutron.conf') },
  ] as const;
  expect(findConfigFiles('neutron-server', given, etc)).toEqual([
    join(etc, 'neutron.conf.d/a.conf'),
    join(etc, 'neutron.conf'),
  ]);
  expect(() => findConfigFiles('x', [{ kind: 'file', path: '/nowhere/x' }])).toThrow(
    '--config-file /nowhere/x: no such file',
  );
  expect(() => findConfigFiles('x', [{ kind: 'dir', path: '/nowhere' }])).toThrow(
    '--config-dir /nowhere: no such file',
  );
});

test('secrets are masked wherever a value is shown', () => {
  const config = loadConfig({
    files: [
      write(
        'a',
        '[database]\nconnection = mysql+pymysql://n:hush@h/n\n[DEFAULT]\ntransport_url = rabbit://a:hush@h1:5672,b:hush@h2/\n[nova]\npassword = hush',
      ),
    ],
    groups: [commonOptions, databaseOptions, novaOptions],
  });
  const text = renderConfig(config);
  expect(text).not.toContain('hush');
  expect(text).toMatch(new RegExp(`^connection = mysql\\+pymysql://n:\\*\\*\\*\\*@h/n +# ${folder}/a:2$`, 'm'));
  expect(text).toMatch(/^transport_url = rabbit:\/\/a:\*\*\*\*@h1:5672,b:\*\*\*\*@h2\/ /m);
  expect(text).toMatch(/^rpc_response_timeout = 60 +# default$/m);
});

test('the remedy for a bad URL stays readable, whatever part of it the value is', () => {
  const files = [write('a', '[DEFAULT]\ntransport_url = local:')];
  expect(() => loadConfig({ files, groups: [commonOptions] })).toThrow('write local:///path/of/a/socket or rabbit://');
});

test.each([
  ['mysql://u:p@w:x@h/n', 'mysql://u:****@h/n'],
  ['sqlite:////a/b', 'sqlite:////a/b'],
  ['rabbit://h:5672/', 'rabbit://h:5672/'],
  ['sqlite:////a/b@c.sqlite', 'sqlite:////a/b@c.sqlite'],
  ['mysql://u:p@w/x:1@h:1/n', 'mysql://u:****@h:1/n'],
  ['rabbit://u:p,w@h1:5672,u:p@h2/', 'rabbit://u:****@h1:5672,u:****@h2/'],
  ['mysql:u:pw@h/n', 'mysql:u:****@h/n'],
  ['u:pw@h', 'u:****@h'],
  ['mysql://u@h/n?ssl=1&ssl_password=pw&x=2', 'mysql://u@h/n?ssl=1&ssl_password=****&x=2'],
])('masks the password of %s', (url, masked) => {
  expect(maskUrl(url)).toBe(masked);
});
