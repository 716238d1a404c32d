import { connect, createServer, type Server, type Socket } from 'node:net';

/** What the proxy does with a statement instead of handing it on. */
export type Fault =
  /** Answers with an error of the server. `undo`: the server's transaction is rolled back, as Galera does when it loses. */
  | {
      readonly kind: 'error';
      readonly errno: number;
      readonly state: string;
      readonly text: string;
      readonly undo?: true;
    }
  /** Cuts the connection before the server sees the statement. */
  | { readonly kind: 'cut' }
  /** Lets the server do it, and cuts the connection before the answer. */
  | { readonly kind: 'cut-answer' }
  /** Lets the server do it, and never answers. */
  | { readonly kind: 'silence' };

/** Errors as MariaDB and Galera word them. */
export const faults = {
  certification: {
    kind: 'error',
    errno: 1213,
    state: '40001',
    text: 'Deadlock found when trying to get lock; try restarting transaction',
    undo: true,
  },
  notPrepared: {
    kind: 'error',
    errno: 1047,
    state: '08S01',
    text: 'WSREP has not yet prepared node for application use',
    undo: true,
  },
  readOnly: {
    kind: 'error',
    errno: 1290,
    state: 'HY000',
    text: 'The MariaDB server is running with the --read-only option so it cannot execute this statement',
    undo: true,
  },
  cut: { kind: 'cut' },
  cutAnswer: { kind: 'cut-answer' },
  silence: { kind: 'silence' },
} as const satisfies Record<string, Fault>;

interface Plan {
  readonly statement: RegExp;
  readonly fault: Fault;
  left: number;
}

const COM_QUERY = 0x03;
const TOO_MANY = 'Too many connections';

/**
 * Stands in front of a MariaDB server and speaks its protocol: hands everything on, but for statements that a test has
 * planned a fault for.
 */
export class MysqlProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #plans: Plan[] = [];
  #backendPort: number;
  #full = false;
  /** Statements seen. */
  readonly statements: string[] = [];

  private constructor(backendPort: number) {
    this.#backendPort = backendPort;
    this.#server = createServer((client) => this.#serve(client));
  }

  static async before(backendPort: number): Promise<MysqlProxy> {
    const proxy = new MysqlProxy(backendPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', () => resolve()));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** The next `times` statements that look like this meet the fault. */
  plan(statement: RegExp, fault: Fault, times = 1): void {
    this.#plans.push({ statement, fault, left: times });
  }

  /** Connections to come go to another server, as those to a virtual address do after a failover; the old ones are cut. */
  failOver(backendPort: number): void {
    this.#backendPort = backendPort;
    this.cutAll();
  }

  /** While full, who comes is told that there are too many connections. */
  set full(full: boolean) {
    this.#full = full;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    if (this.#full) {
      client.end(errorPacket({ errno: 1040, state: '08004', text: TOO_MANY }, 0));
      return;
    }
    const backend = connect(this.#backendPort, '127.0.0.1');
    /** What becomes of the server's next answer; null hands it on. */
    let answer: ((packet: Buffer) => void) | null = null;
    const cut = () => {
      client.destroy();
      backend.destroy();
    };
    for (const socket of [client, backend]) {
      this.#sockets.add(socket);
      socket.on('error', cut);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        cut();
      });
    }
    const reader = new PacketReader((packet) => {
      const statement = statementOf(packet);
      const fault = statement === null ? null : this.#faultFor(statement);
      if (fault === null) backend.write(packet);
      else if (fault.kind === 'cut') cut();
      else if (fault.kind === 'error') {
        const refuse = () => client.write(errorPacket(fault, packet[3]! + 1));
        if (!fault.undo) {
          refuse();
          return;
        }
        answer = refuse;
        backend.write(queryPacket('rollback'));
      } else {
        answer = fault.kind === 'cut-answer' ? cut : () => {};
        backend.write(packet);
      }
    });
    client.on('data', (chunk) => reader.push(chunk as Buffer));
    backend.on('data', (chunk) => {
      const take = answer;
      if (take === null) client.write(chunk);
      else {
        answer = null;
        take(chunk as Buffer);
      }
    });
  }

  #faultFor(statement: string): Fault | null {
    this.statements.push(statement);
    // What is read together comes as one text.
    const plan = this.#plans.find(
      ({ statement: wanted, left }) => left > 0 && statement.split('; ').some((one) => wanted.test(one)),
    );
    if (plan === undefined) return null;
    plan.left -= 1;
    return plan.fault;
  }
}

function statementOf(packet: Buffer): string | null {
  // A command begins a new sequence; what belongs to the sign-in does not.
  return packet[3] === 0 && packet[4] === COM_QUERY ? packet.toString('utf8', 5) : null;
}

function queryPacket(sql: string): Buffer {
  return packetOf(0, Buffer.concat([Buffer.from([COM_QUERY]), Buffer.from(sql)]));
}

function errorPacket({ errno, state, text }: { errno: number; state: string; text: string }, sequence: number): Buffer {
  const code = Buffer.from([0xff, errno & 0xff, errno >> 8]);
  return packetOf(sequence, Buffer.concat([code, Buffer.from(`#${state}${text}`)]));
}

function packetOf(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, body]);
}

/** Cuts a stream into packets: three bytes of length, one of sequence, the body. */
class PacketReader {
  readonly #each: (packet: Buffer) => void;
  #rest = Buffer.alloc(0);

  constructor(each: (packet: Buffer) => void) {
    this.#each = each;
  }

  push(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readUIntLE(0, 3);
      if (this.#rest.length < end) return;
      const packet = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      this.#each(packet);
    }
  }
}
