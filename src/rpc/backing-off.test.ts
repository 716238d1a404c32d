import { expect, test } from 'vitest';
import { adminContext } from '../lib/context.ts';
import { backingOff } from './backing-off.ts';
import { FakeTransport } from './fake.ts';
import { MessagingTimeout, type Transport } from './transport.ts';

/** A server that answers nothing, or all. */
function server() {
  const given: (number | undefined)[] = [];
  const state = { answers: false };
  const transport = new FakeTransport({}) as unknown as Transport;
  transport.call = async (target, method, _args, _context, options) => {
    given.push(options?.timeoutMs);
    if (state.answers) return 'answer';
    await new Promise((resolve) => setTimeout(resolve, options!.timeoutMs! + 1));
    throw new MessagingTimeout(method, target, options!.timeoutMs!);
  };
  return { given, state, transport };
}

const ask = (transport: Transport, method = 'm', options?: { timeoutMs: number }) =>
  transport.call({ topic: 't' }, method, {}, adminContext(), options);

test('a method that is not answered gets twice the time, up to a limit, until it is answered', async () => {
  const { given, state, transport } = server();
  const patient = backingOff(transport, { firstMs: 4, mostMs: 10, random: () => 0 });
  for (let i = 0; i < 3; i++) await expect(ask(patient)).rejects.toThrow(MessagingTimeout);
  state.answers = true;
  expect(await ask(patient)).toBe('answer');
  await ask(patient);
  expect(given).toEqual([4, 8, 10, 10, 4]);
});

test('each method has its own time, and one that is given is kept', async () => {
  const { given, transport } = server();
  const patient = backingOff(transport, { firstMs: 4, mostMs: 100, random: () => 0 });
  await ask(patient, 'a').catch(() => {});
  await ask(patient, 'b').catch(() => {});
  await ask(patient, 'a', { timeoutMs: 2 }).catch(() => {});
  await ask(patient, 'a').catch(() => {});
  expect(given).toEqual([4, 4, 2, 8]);
});

test('who failed waits a random part of the time before he is told', async () => {
  const { transport } = server();
  const startedMs = performance.now();
  await ask(backingOff(transport, { firstMs: 20, mostMs: 100, random: () => 0.9 })).catch(() => {});
  expect(performance.now() - startedMs).toBeGreaterThan(35);
});
