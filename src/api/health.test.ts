import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultValues } from '../lib/options.ts';
import { Health, type HealthCheck } from './health.ts';
import { healthOptions } from './options.ts';

const noFile = { disable_by_file_path: '' };
const question = { method: 'GET', accept: undefined, detailed: false, port: 9696 };
const fine: HealthCheck = { name: 'queue', run: async () => 'connected' };
const down: HealthCheck = { name: 'database', run: () => Promise.reject(new Error('no answer within <2> s')) };

const health = (checks: readonly HealthCheck[], options = {}, now?: () => number) =>
  new Health(checks, defaultValues(healthOptions, { ...noFile, ...options }), now);

/** Content types and bodies are those of oslo.middleware 5.0. */
it.each([
  [undefined, 'text/plain; charset=UTF-8', 'OK'],
  ['*/*', 'text/plain; charset=UTF-8', 'OK'],
  ['image/png', 'text/plain; charset=UTF-8', 'OK'],
  ['application/json', 'application/json', '{\n    "detailed": false,\n    "reasons": [\n        "OK"\n    ]\n}'],
  ['text/plain;q=0.5, application/json', 'application/json', /"OK"/],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=UTF-8', /<TD>OK<\/TD>/],
  ['text/*', 'text/plain; charset=UTF-8', 'OK'],
])('answers %j as %s', async (accept, type, body) => {
  const answer = await health([fine]).answer({ ...question, accept });
  expect([answer.status, answer.type]).toEqual([200, type]);
  expect(answer.body).toEqual(typeof body === 'string' ? body : expect.stringMatching(body));
});

it('says 503 and what is wrong, and only that', async () => {
  const checked = health([fine, down]);
  expect(await checked.answer(question)).toEqual({
    status: 503,
    type: 'text/plain; charset=UTF-8',
    body: 'database: no answer within <2> s',
  });
  expect((await checked.answer({ ...question, accept: 'text/html' })).body).toContain('within &#60;2&#62; s');
  expect(await checked.answer({ ...question, method: 'HEAD' })).toEqual({ status: 503, type: null, body: '' });
  expect(await health([fine]).answer({ ...question, method: 'HEAD' })).toEqual({ status: 204, type: null, body: '' });
});

it('tells details when asked, or always if configured so', async () => {
  const json = { ...question, accept: 'application/json' };
  const asked = JSON.parse((await health([fine, down]).answer({ ...json, detailed: true })).body);
  expect(asked).toMatchObject({
    detailed: true,
    reasons: [
      { class: 'disable_by_file', reason: 'OK', details: 'no file says otherwise' },
      { class: 'queue', reason: 'OK', details: 'connected' },
      { class: 'database', reason: 'database: no answer within <2> s' },
    ],
  });
  expect(JSON.parse((await health([fine], { detailed: true }).answer(json)).body).detailed).toBe(true);
  expect((await health([fine, down]).answer({ ...question, detailed: true })).body.split('\n')).toEqual([
    'disable_by_file: OK: no file says otherwise',
    'queue: OK: connected',
    'database: FAILED: no answer within <2> s',
  ]);
});

it('looks once a second, however many ask', async () => {
  let looks = 0;
  let nowMs = 0;
  const counting = { name: 'database', run: async () => `look ${++looks}` };
  const checked = health([counting], {}, () => nowMs);
  await Promise.all(Array.from({ length: 50 }, () => checked.answer(question)));
  nowMs = 999;
  await checked.answer(question);
  expect(looks).toBe(1);
  nowMs = 1000;
  await checked.answer(question);
  expect(looks).toBe(2);
});

it('is taken out of service by a file, for all ports or for one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'health-'));
  try {
    const file = join(folder, 'out');
    const forAll = health([fine], { disable_by_file_path: file });
    const forOne = health([fine], { disable_by_file_paths: [`9696:${file}`, '9697:/elsewhere'] });
    expect((await forAll.answer(question)).status).toBe(200);
    writeFileSync(file, '');
    expect(await forAll.answer(question)).toMatchObject({ status: 503, body: 'DISABLED BY FILE' });
    expect(await forOne.answer(question)).toMatchObject({ status: 503, body: 'DISABLED BY FILE' });
    expect((await forOne.answer({ ...question, port: 9697 })).status).toBe(200);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
