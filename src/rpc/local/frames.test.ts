import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BadFrame, encodeFrame, FrameReader, type Header, MAX_FRAME_BYTES } from './frames.ts';

const header = fc.record({ op: fc.constant('listen' as const), id: fc.nat(), topic: fc.string(), server: fc.string() });

test('frames come out whole and in order, however the stream is chopped', () => {
  const frames = fc.array(fc.tuple(header, fc.string({ unit: 'binary', maxLength: 300 })), { maxLength: 8 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (sent, sizes) => {
      const stream = Buffer.concat(sent.map(([head, body]) => encodeFrame(head as Header, body)));
      const reader = new FrameReader();
      const got: [unknown, string][] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        for (const frame of reader.push(stream.subarray(at, at + size)))
          got.push([frame.header, frame.body.toString()]);
        at += size;
      }
      expect(got).toEqual(sent);
    }),
  );
});

test('a body of bytes goes through unchanged', () => {
  const body = Buffer.from([0, 255, 128, 10]);
  const [frame] = new FrameReader().push(encodeFrame({ op: 'answer' }, body));
  expect(frame?.body).toEqual(body);
});

test('a length that is too small or too big is refused before anything is kept', () => {
  for (const length of [0, 1, MAX_FRAME_BYTES + 1]) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(length);
    expect(() => new FrameReader().push(bytes)).toThrow(BadFrame);
  }
});
