import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLog, renderJson, renderText } from './log.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (fields: object, level: 'info' | 'warn' = 'info') =>
  renderText({ level, message: 'port bound', fields, program: 'neutron-server', at: new Date(2026, 0, 2, 3, 4, 5, 6) });

test('writes lines as oslo.log does', () => {
  expect(line({ request_id: 'req-1', id: 'p1' })).toBe(
    `2026-01-02 03:04:05.006 ${process.pid} INFO neutron-server [req-1] port bound id=p1`,
  );
  expect(line({}, 'warn')).toContain(' WARNING neutron-server [-] port bound');
});

test.each([
  ['a value with a newline stays on its line', { name: 'a\nb=c' }, 'name="a\\nb=c"'],
  [
    'errors by name and cause',
    { error: new TypeError('no', { cause: new Error('why') }) },
    'error="TypeError: no (why)"',
  ],
  [
    'secrets by their name',
    { metadata_proxy_shared_secret: 's', password: 'p', authToken: 't' },
    'metadata_proxy_shared_secret=**** password=**** authToken=****',
  ],
  ['secrets inside', { options: { auth: { password: 'hush' } } }, 'options={"auth":{"password":"****"}}'],
  ['passwords of URLs', { url: 'rabbit://u:hush@h' }, 'url=rabbit://u:****@h'],
  [
    'passwords in texts of errors',
    { error: new Error('cannot reach mysql://u:hush@h/n') },
    'error="cannot reach mysql://u:****@h/n"',
  ],
  ['what is no secret', { fixed_ips: [1], tokens: 3 }, 'fixed_ips=[1] tokens=3'],
])('shows %s', (_, fields, text) => {
  expect(line(fields).endsWith(` ${text}`)).toBe(true);
});

test('JSON lines have the shape of pino', () => {
  const json = renderJson({ level: 'info', message: 'm', fields: { id: 1 }, program: 'p', at: new Date(5) });
  expect(JSON.parse(json)).toEqual({ level: 30, time: 5, pid: process.pid, name: 'p', id: 1, msg: 'm' });
});

test('a file is reopened after it was rotated, debug is left out unless asked for', () => {
  const log = openLog({ program: 'p', debug: false, logFile: 'x.log', logDir: join(folder, 'new'), json: false });
  log.info({}, 'first');
  log.debug({}, 'never');
  renameSync(log.path!, `${log.path}.1`);
  log.reopen();
  log.warn({}, 'second');
  expect(readFileSync(`${log.path}.1`, 'utf8')).toMatch(/first\n$/);
  expect(readFileSync(log.path!, 'utf8')).toMatch(/^[^\n]*second\n$/);
});

test('a file that cannot be written is told in one line', () => {
  expect(() => openLog({ program: 'p', debug: false, logFile: '/proc/x/y.log', logDir: null, json: false })).toThrow(
    /^log file \/proc\/x\/y\.log cannot be written: /,
  );
});
