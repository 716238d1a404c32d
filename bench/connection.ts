import { connect, type Socket } from 'node:net';

export interface Answer {
  status: number;
  body: Buffer;
}

/**
 * A client's connection, as light as it can be, so that the load program does not become what is measured: no agents, no
 * streams, one request at a time, the answer read in full. Understands Content-Length and chunked bodies.
 */
export class Connection {
  readonly #host: string;
  readonly #port: number;
  readonly #keepAlive: boolean;
  #socket: Socket | null = null;
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | null = null;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #needed = 0;

  constructor({ host, port, keepAlive }: { host: string; port: number; keepAlive: boolean }) {
    this.#host = host;
    this.#port = port;
    this.#keepAlive = keepAlive;
  }

  async request(method: string, path: string, headers: string, body = ''): Promise<Answer> {
    const socket = await this.#open();
    const length = body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
    const close = this.#keepAlive ? '' : 'Connection: close\r\n';
    const answer = new Promise<Answer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}:${this.#port}\r\n${headers}${close}${length}\r\n${body}`,
    );
    const result = await answer;
    if (!this.#keepAlive) this.close();
    return result;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #open(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket;
    const socket = connect(this.#port, this.#host);
    this.#socket = socket;
    this.#reset();
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    socket.setNoDelay(true);
    const lost = (error: Error) => {
      if (this.#socket === socket) this.#socket = null;
      const waiting = this.#waiting;
      this.#waiting = null;
      waiting?.reject(error);
    };
    socket.on('error', lost);
    socket.on('close', () => lost(new Error('connection closed')));
    socket.on('data', (piece) => this.#take(piece));
    return socket;
  }

  #reset(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#needed = 0;
  }

  #take(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes < this.#needed) return;
    const all = this.#pieces.length === 1 ? piece : Buffer.concat(this.#pieces);
    this.#pieces = [all];
    const head = all.indexOf('\r\n\r\n');
    if (head < 0) return;
    const headers = all.toString('latin1', 0, head);
    const status = Number(headers.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(headers);
    const start = head + 4;
    if (length) {
      this.#needed = start + Number(length[1]);
      if (all.length >= this.#needed) this.#done({ status, body: all.subarray(start, this.#needed) });
    } else if (/\r\ntransfer-encoding: *chunked/i.test(headers)) {
      if (all.subarray(-5).toString('latin1') === '0\r\n\r\n')
        this.#done({ status, body: joinChunks(all.subarray(start)) });
    } else if (status === 204 || status === 304) {
      this.#done({ status, body: Buffer.alloc(0) });
    }
  }

  #done(answer: Answer): void {
    this.#reset();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(answer);
  }
}

function joinChunks(body: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (!(size > 0)) return Buffer.concat(pieces);
    pieces.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
