import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { causedBy } from '../../src/lib/cause.ts';
import { eventually } from '../../test/support/eventually.ts';
import { openLog, renderText } from './log.ts';

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

test('names the requests for which something is done', () => {
  const who = (causes: { requestId: string; globalRequestId: string | null }[], fields: object = {}) =>
    /\[(.*?)\]/.exec(renderText({ level: 'info', message: 'x', fields, program: 'p', at: new Date(), causes }))![1];
  const one = { requestId: 'req-1', globalRequestId: 'req-9' };
  const two = { requestId: 'req-2', globalRequestId: null };
  expect(who([])).toBe('-');
  expect(who([one])).toBe('req-9 req-1');
  expect(who([one, two])).toBe('req-9 req-1 req-2');
  expect(who([one], { request_id: 'req-1' })).toBe('req-9 req-1');
  expect(who([one], { request_id: 'req-3' })).toBe('req-3');
  const foreign = [{ requestId: 'a] b\nc', globalRequestId: null }];
  const hostile = renderText({
    level: 'info',
    message: 'x',
    fields: {},
    program: 'p',
    at: new Date(),
    causes: foreign,
  });
  expect(hostile).toContain('p ["a] b\\nc"] x');
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

test('JSON lines are pino’s, with secrets masked as in text', async () => {
  const log = await openLog({ program: 'p', debug: true, logFile: join(folder, 'j.log'), logDir: null, json: true });
  log.info({ id: 1, count: 2n, password: 'hush', url: 'rabbit://u:hush@h' }, 'bound');
  log.error({ error: new TypeError('no', { cause: new Error('why') }), err: new Error('other') }, 'failed');
  log.debug({}, 'with "quotes"\nand lines');
  const lines = readFileSync(log.path!, 'utf8').trimEnd().split('\n');
  expect(lines.map((text) => JSON.parse(text))).toEqual([
    {
      ...{ level: 30, time: expect.any(Number), pid: process.pid, name: 'p' },
      ...{ id: 1, count: '2', password: '****', url: 'rabbit://u:****@h', msg: 'bound' },
    },
    {
      ...{ level: 50, time: expect.any(Number), pid: process.pid, name: 'p' },
      ...{ error: 'TypeError: no (why)', err: 'other', msg: 'failed' },
    },
    expect.objectContaining({ level: 20, msg: 'with "quotes"\nand lines' }),
  ]);
});

test.each([false, true])(
  'a file is reopened after it was rotated, debug is left out unless asked for (JSON: %s)',
  async (json) => {
    const log = await openLog({ program: 'p', debug: false, logFile: 'x.log', logDir: join(folder, 'new'), json });
    log.info({}, 'first');
    log.debug({}, 'never');
    renameSync(log.path!, `${log.path}.1`);
    log.reopen();
    log.warn({}, 'second');
    expect(readFileSync(`${log.path}.1`, 'utf8')).toMatch(/first\b[^\n]*\n$/);
    expect(readFileSync(log.path!, 'utf8')).toMatch(/^[^\n]*second\b[^\n]*\n$/);
  },
);

test('a file that cannot be written is told in one line', async () => {
  const settings = { program: 'p', debug: false, logFile: '/proc/x/y.log', logDir: null, json: false };
  await expect(openLog(settings)).rejects.toThrow(/^log file \/proc\/x\/y\.log cannot be written: /);
});

test('begins a new file at its size and keeps so many older ones', async () => {
  const open = () =>
    openLog({
      ...{ program: 'x', debug: false, logFile: null, logDir: folder, json: false },
      rotation: { bytes: 300, keep: 2 },
    });
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  for (let start = 0; start < 2; start++) {
    const log = await open(); // the second start goes on where the first one stopped
    for (let number = 0; number < 10; number++) log.info({ number: start * 10 + number }, 'a line'.padEnd(60));
  }
  expect(readdirSync(folder).sort()).toEqual(['x.log', 'x.log.1', 'x.log.2']);
  expect(readdirSync(folder).every((name) => text(name).length <= 300)).toBe(true);
  const numbers = ['x.log.2', 'x.log.1', 'x.log'].flatMap((name) =>
    [...text(name).matchAll(/number=(\d+)/g)].map((match) => Number(match[1])),
  );
  const newest = Array.from({ length: 20 }, (_, number) => number).slice(-numbers.length);
  expect(numbers).toEqual(newest);
  expect(numbers.length).toBeGreaterThan(4);
});

test('goes on writing where the file cannot be moved aside', async () => {
  mkdirSync(join(folder, 'x.log.1', 'full'), { recursive: true });
  const log = await openLog({
    ...{ program: 'x', debug: false, logFile: null, logDir: folder, json: false },
    rotation: { bytes: 50, keep: 1 },
  });
  for (const number of [1, 2, 3]) log.info({ number }, 'a line');
  expect(readFileSync(join(folder, 'x.log'), 'utf8').trim().split('\n')).toHaveLength(3);
});

test('JSON lines name requests, too', async () => {
  const log = await openLog({ program: 'p', debug: false, logFile: join(folder, 'c.log'), logDir: null, json: true });
  const [one, two] = ['req-1', 'req-2'].map((requestId) => ({ requestId, globalRequestId: null }));
  log.info({}, 'nobody');
  causedBy([one!], () => log.info({}, 'one'));
  causedBy([{ ...one!, globalRequestId: 'req-9' }], () => log.info({}, 'with a global id'));
  causedBy([one!, two!], () => log.info({}, 'several'));
  causedBy([one!], () => log.info({ request_id: 'req-3' }, 'another'));
  const lines = readFileSync(log.path!, 'utf8').trimEnd().split('\n');
  const named = lines.map((text) => {
    const { request_id, global_request_id, request_ids } = JSON.parse(text);
    return [request_id, global_request_id, request_ids];
  });
  expect(named).toEqual([
    [undefined, undefined, undefined],
    ['req-1', undefined, undefined],
    ['req-1', 'req-9', undefined],
    [undefined, undefined, ['req-1', 'req-2']],
    ['req-3', undefined, undefined],
  ]);
});

test('gathered lines come in order, with the next line, and soon', async () => {
  const log = await openLog({ program: 'p', debug: false, logFile: join(folder, 'g.log'), logDir: null, json: false });
  const messages = () =>
    readFileSync(log.path!, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((text) => text.split('] ')[1]);
  log.later({}, 'one');
  log.later({}, 'two');
  expect(messages()).toEqual([]);
  log.warn({}, 'three');
  expect(messages()).toEqual(['one', 'two', 'three']);
  log.later({}, 'four');
  await eventually(() => expect(messages()).toEqual(['one', 'two', 'three', 'four']));
  log.later({}, 'five');
  log.flush();
  expect(messages().at(-1)).toBe('five');
});
