import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import type { Where } from '../../src/onehost/emulated/http.ts';

/** Stands between programs and a server, and fails as networks do. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #backend: Where;
  #accepts = true;
  #silent = false;
  #port = 0;

  private constructor(backend: Where) {
    this.#backend = backend;
    this.#server = createServer((client) => this.#serve(client));
  }

  /** Before a port of the loopback, or a server in an emulated host (`openDoorway`). */
  static async before(backend: number | Where): Promise<TcpProxy> {
    const proxy = new TcpProxy(typeof backend === 'number' ? { port: backend } : backend);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', () => resolve()));
    proxy.#port = (proxy.#server.address() as { port: number }).port;
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  /** Cuts every connection and refuses new ones, as a crashed server does. */
  stop(): void {
    this.#accepts = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  start(): void {
    this.#accepts = true;
  }

  /** Swallows all bytes, both ways, without closing anything: a cable that was pulled. */
  set silent(silent: boolean) {
    this.#silent = silent;
  }

  set backendPort(port: number) {
    this.#backend = { port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    if (!this.#accepts) {
      client.destroy();
      return;
    }
    const backend = connect(addressOf(this.#backend));
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => {
        if (!this.#silent) to.write(chunk);
      });
      from.on('error', () => from.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

function addressOf(where: Where): NetConnectOpts {
  return 'port' in where ? { port: where.port, host: '127.0.0.1' } : { path: where.socketPath };
}
