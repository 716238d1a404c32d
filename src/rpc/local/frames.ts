/**
 * Frames of the local bus: what the broker must read to route (a small JSON header), and a body it passes on unread (the
 * inner text of an oslo.messaging message, or nothing).
 *
 *     u32 length of all that follows · u16 length of the header · header · body      (big endian)
 */
export type Header =
  | { op: 'hello'; protocol: number; program: string; pid: number; replyQueue: string }
  | { op: 'welcome'; protocol: number }
  | { op: 'listen'; id: number; topic: string; server: string }
  | { op: 'listening'; id: number }
  | { op: 'unlisten'; id: number }
  | { op: 'publish'; topic: string; server?: string; fanout?: boolean; call?: { msgId: string; timeoutMs: number } }
  | { op: 'deliver'; to: number }
  | { op: 'reply'; queue: string; msgId: string }
  | { op: 'answer' }
  | { op: 'undeliverable'; msgId: string; why: string };

export type Body = Buffer | string;

export interface Frame {
  header: Header;
  body: Buffer;
}

/** Above any message of ours (10,000 ports are 12 MB); a length beyond it is not our protocol. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

const LENGTH_BYTES = 4;
const HEADER_LENGTH_BYTES = 2;

export function encodeFrame(header: Header, body: Body = ''): Buffer {
  const head = Buffer.from(JSON.stringify(header));
  const bodyBytes = Buffer.byteLength(body);
  const frame = Buffer.allocUnsafe(LENGTH_BYTES + HEADER_LENGTH_BYTES + head.length + bodyBytes);
  frame.writeUInt32BE(frame.length - LENGTH_BYTES, 0);
  frame.writeUInt16BE(head.length, LENGTH_BYTES);
  head.copy(frame, LENGTH_BYTES + HEADER_LENGTH_BYTES);
  const bodyStart = frame.length - bodyBytes;
  if (typeof body === 'string') frame.write(body, bodyStart);
  else body.copy(frame, bodyStart);
  return frame;
}

/** The other side does not speak this protocol: the connection cannot be used any more. */
export class BadFrame extends Error {
  constructor(why: string) {
    super(`not a frame of the local bus: ${why}`);
    this.name = 'BadFrame';
  }
}

/** Cuts a byte stream into frames, however it is chopped. Big frames are put together once, when complete. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes needed before anything can be cut off; 0 when unknown. */
  #wanted = LENGTH_BYTES;

  /** The frames that are complete with this chunk. @throws BadFrame */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#wanted) return [];
    const buffer = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#bytes);
    const frames: Frame[] = [];
    let start = 0;
    this.#wanted = LENGTH_BYTES;
    while (buffer.length - start >= LENGTH_BYTES) {
      const end = start + LENGTH_BYTES + frameLength(buffer, start);
      if (end > buffer.length) {
        this.#wanted = end - start;
        break;
      }
      frames.push(decodeFrame(buffer.subarray(start + LENGTH_BYTES, end)));
      start = end;
    }
    this.#chunks = start < buffer.length ? [buffer.subarray(start)] : [];
    this.#bytes = buffer.length - start;
    return frames;
  }
}

function frameLength(buffer: Buffer, at: number): number {
  const length = buffer.readUInt32BE(at);
  if (length < HEADER_LENGTH_BYTES || length > MAX_FRAME_BYTES) throw new BadFrame(`a length of ${length}`);
  return length;
}

function decodeFrame(frame: Buffer): Frame {
  const bodyStart = HEADER_LENGTH_BYTES + frame.readUInt16BE(0);
  if (bodyStart > frame.length) throw new BadFrame('a header beyond its end');
  let header: unknown;
  try {
    header = JSON.parse(frame.toString('utf8', HEADER_LENGTH_BYTES, bodyStart));
  } catch {
    throw new BadFrame('a header that is no JSON');
  }
  if (typeof header !== 'object' || header === null || !('op' in header)) throw new BadFrame('a header without op');
  return { header: header as Header, body: frame.subarray(bodyStart) };
}
