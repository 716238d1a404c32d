import { connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between programs and a server, and fails as networks do. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #backendPort: number;
  #accepts = true;
  #silent = false;
  #port = 0;

  private constructor(backendPort: number) {
    this.#backendPort = backendPort;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async before(backendPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(backendPort);
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
    this.#backendPort = port;
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
    const backend = connect(this.#backendPort, '127.0.0.1');
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
