import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { type Change, followEvents } from './events.ts';

/** A stream whose pieces the test gives. */
function stream() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
  });
  const give = (text: string) => controller.enqueue(new TextEncoder().encode(text));
  return {
    response: new Response(body),
    give,
    end: () => controller.close(),
    fail: () => controller.error(new Error()),
  };
}

function follow(answers: (Response | Error)[]) {
  const seen: (Change | string)[] = [];
  const stop = followEvents({
    open: async () => {
      const next = answers.shift();
      if (next === undefined) return new Promise<never>(() => {});
      if (next instanceof Error) throw next;
      return next;
    },
    onOpen: () => void seen.push('open'),
    onChange: (change) => void seen.push(change),
    onLoss: (status) => void seen.push(`lost ${status}`),
    pause: () => 0,
  });
  return { seen, stop };
}

const port = { resource: 'port', id: 'p1', action: 'updated', revision: 2 };

describe('the event stream', () => {
  it('is read however it is cut into pieces, without comments and named events', async () => {
    const { response, give } = stream();
    const { seen, stop } = follow([response]);
    const text = `retry: 1000\n: connected\n\ndata: ${JSON.stringify(port)}\n\n:\n\nevent: end\ndata: {"reason":"closing"}\n\ndata: ${JSON.stringify({ ...port, id: '中' })}\n\n`;
    for (let i = 0; i < text.length; i += 7) give(text.slice(i, i + 7));
    await eventually(() => expect(seen).toEqual(['open', port, { ...port, id: '中' }]));
    stop();
  });

  it('is taken up again when it ends, fails or cannot be had', async () => {
    const [first, second, third] = [stream(), stream(), stream()];
    const refused = new Response('', { status: 503 });
    const { seen, stop } = follow([first.response, second.response, new Error('no way'), refused, third.response]);
    await eventually(() => expect(seen).toEqual(['open']));
    first.end();
    await eventually(() => expect(seen).toEqual(['open', 'lost 200', 'open']));
    second.fail();
    third.give(`data: ${JSON.stringify(port)}\n\n`);
    await eventually(() => expect(seen.slice(3)).toEqual(['lost 200', 'lost null', 'lost 503', 'open', port]));
    stop();
  });

  it('is let go when the page is', async () => {
    const { response, give } = stream();
    const open = vi.fn(async (_signal: AbortSignal) => response);
    const onChange = vi.fn();
    const stop = followEvents({ open, onOpen: () => {}, onChange, onLoss: () => {}, pause: () => 0 });
    give(`data: ${JSON.stringify(port)}\n\n`);
    await eventually(() => expect(onChange).toHaveBeenCalledOnce());
    stop();
    expect(open.mock.calls[0]![0].aborted).toBe(true);
  });

  it('is not waited for where nothing answers', async () => {
    vi.useFakeTimers();
    try {
      const lost = vi.fn();
      // As fetch does where a cable is out: it ends when it is told to, and not before.
      const open = (signal: AbortSignal) =>
        new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      const stop = followEvents({ open, onOpen: () => {}, onChange: () => {}, onLoss: lost, pause: () => 1000 });
      await vi.advanceTimersByTimeAsync(30_000);
      expect(lost).toHaveBeenCalledExactlyOnceWith(null);
      stop();
    } finally {
      vi.useRealTimers();
    }
  });
});
