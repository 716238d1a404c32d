import { expect, it } from 'vitest';
import { databaseCheck, queueState } from './health.ts';

it('asks a database that hangs once, and calls it away until it has answered', async () => {
  let asked = 0;
  let answer = Promise.withResolvers<void>();
  const check = databaseCheck(() => {
    asked += 1;
    return answer.promise;
  }, 0.05);
  await expect(check.run()).rejects.toThrow('no answer within 0.05 s');
  await expect(check.run()).rejects.toThrow('no answer within 0.05 s');
  expect(asked).toBe(1);
  answer.resolve();
  await answer.promise;
  answer = Promise.withResolvers<void>();
  answer.resolve();
  expect(await check.run()).toMatch(/^answered within \d+ ms$/);
  expect(asked).toBe(2);
});

it('tells of an error only its code', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:3306 as neutron:hush'), {
    code: 'ECONNREFUSED',
  });
  const failing = (error: unknown) => databaseCheck(() => Promise.reject(error), 1).run();
  await expect(failing(new Error('lost', { cause: refused }))).rejects.toThrow(/^cannot be asked \(ECONNREFUSED\)$/);
  await expect(failing(new Error('neutron:hush'))).rejects.toThrow(/^cannot be asked$/);
});

it('bears a queue that is away for a while', () => {
  expect(queueState(0, 30)).toBe('connected');
  expect(queueState(29_600, 30)).toBe('away for 30 s');
  expect(() => queueState(34_000, 30)).toThrow(/^away for 34 s$/);
});
