import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/log.ts';
import type { WireRouter } from '../../rpc/contract.ts';
import { type Answer, Questions } from './questions.ts';
import { routerOf } from './testing.ts';

class MessagingTimeout extends Error {
  override name = 'MessagingTimeout';
}

function open(answer: (ids: readonly string[]) => WireRouter[] | Promise<WireRouter[]>) {
  const asked: number[] = [];
  const given: unknown[] = [];
  const answers: Answer[] = [];
  let clock = 0;
  const got = Promise.withResolvers<void>();
  const questions = new Questions({
    plugin: {
      syncRouters: async (ids, options) => {
        asked.push(ids.length);
        given.push(options);
        return await answer(ids);
      },
    },
    logger: silentLogger,
    tick: () => ++clock,
    onAnswer: async (one) => {
      answers.push(one);
      got.resolve();
    },
  });
  return { questions, asked, given, answers, got: got.promise };
}

describe('questions about routers', () => {
  it('asks once for what comes in one burst', async () => {
    const { questions, asked, answers, got } = open((ids) => ids.map((id) => routerOf({ id })));
    questions.add(['a', 'b']);
    questions.add(['b', 'c']);
    await got;
    expect(asked).toEqual([3]);
    expect(answers[0]).toMatchObject({ ids: ['a', 'b', 'c'], askedAt: 1 });
  });

  it('leaves it to the queue how long an answer may take: a server that dies meanwhile never gives it', async () => {
    const { questions, given, got } = open((ids) => ids.map((id) => routerOf({ id })));
    questions.add(['a']);
    await got;
    expect(given).toEqual([undefined]);
  });

  it('asks again for what got no answer', async () => {
    let tries = 0;
    const { questions, answers, got } = open((ids) => {
      tries += 1;
      if (tries === 1) throw new Error('away');
      return ids.map((id) => routerOf({ id }));
    });
    questions.add(['a']);
    await got;
    expect(answers.map(({ ids }) => ids)).toEqual([['a']]);
  });

  it('asks for few first, for half as many when the server needs too long, and for more again when it answers', async () => {
    const { questions, asked } = open((ids) => {
      if (ids.length > 100) throw new MessagingTimeout();
      return [];
    });
    const ids = Array.from({ length: 300 }, (_, index) => `${index}`);
    await questions.askAll(ids, {}, async () => {});
    expect(asked).toEqual([32, 64, 128, 64, 96, 44]);
  });

  it('gives up a sync when not even a few are answered', async () => {
    const { questions } = open(() => {
      throw new MessagingTimeout();
    });
    await expect(questions.askAll(['a'], {}, async () => {})).rejects.toThrow();
  });
});
