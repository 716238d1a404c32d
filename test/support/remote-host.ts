import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type AddressEvent,
  ApplyFailed,
  CommandFailed,
  type CommandResult,
  type Exec,
  type Host,
  type Link,
  type LinkEvent,
  type NetworkOperation,
  type NetworkState,
  type Route,
  type RunOptions,
} from '../../src/linux/contract.ts';
import type { EmulatedHost, HostProcess } from './hosts.ts';
import { until } from './wait.ts';

/** The real `src/linux` at work inside an emulated host, driven from the test. */
export async function openRemoteHost(host: EmulatedHost): Promise<RemoteHost> {
  const path = join(host.folder, `driver-${sockets++}.sock`);
  // In the virtual machine there is one that starts faster.
  const program = process.env.NEUTRINO_TEST_DRIVER ?? new URL('./host-driver.ts', import.meta.url).pathname;
  const driver = host.spawn([process.execPath, program, path]);
  await until('the driver', () => {
    if (!driver.running) throw new Error(driver.output);
    return driver.output.includes('ready');
  });
  return new RemoteHost(connect(path), driver);
}

let sockets = 0;

export class RemoteHost implements Host {
  readonly driver: HostProcess;
  readonly exec: Exec;
  readonly #socket: Socket;
  readonly #calls = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #watcher: { onEvent(event: LinkEvent): void; onLost(): void } | null = null;
  #addressWatcher: { onEvent(event: AddressEvent): void; onLost(): void } | null = null;
  #lastId = 0;

  constructor(socket: Socket, driver: HostProcess) {
    this.#socket = socket;
    this.driver = driver;
    this.exec = {
      run: (argv: readonly string[], options?: RunOptions): Promise<CommandResult> => this.call('run', argv, options),
      daemon: (argv, options) => this.call('daemon', argv, options),
      close: async () => {},
    };
    createInterface({ input: socket }).on('line', (line) => this.#take(JSON.parse(line)));
    socket.on('error', () => {});
  }

  async readNetwork(netns?: string): Promise<NetworkState> {
    const { links, routes } = await this.call<{ links: [string, Link][]; routes: Route[] }>('readNetwork', netns);
    return { links: new Map(links), routes };
  }

  async readAgain({ links, routes }: NetworkState, names: readonly string[]): Promise<NetworkState> {
    const again = await this.call<{ links: [string, Link][]; routes: Route[] }>('readAgain', [...links], routes, names);
    return { links: new Map(again.links), routes: again.routes };
  }

  apply(operations: readonly NetworkOperation[], netns?: string): Promise<void> {
    return this.call('apply', operations, netns);
  }

  async watchLinks(onEvent: (event: LinkEvent) => void, onLost: () => void): Promise<{ close(): Promise<void> }> {
    this.#watcher = { onEvent, onLost };
    await this.call('watchLinks');
    return {
      close: async () => {
        this.#watcher = null;
      },
    };
  }

  async watchAddresses(
    onEvent: (event: AddressEvent) => void,
    onLost: () => void,
  ): Promise<{ close(): Promise<void> }> {
    this.#addressWatcher = { onEvent, onLost };
    await this.call('watchAddresses');
    return {
      close: async () => {
        this.#addressWatcher = null;
      },
    };
  }

  listNetns(): Promise<string[]> {
    return this.call('listNetns');
  }

  ensureNetns(name: string): Promise<void> {
    return this.call('ensureNetns', name);
  }

  removeNetns(name: string): Promise<void> {
    return this.call('removeNetns', name);
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await this.driver.finished;
  }

  call<T>(method: string, ...args: unknown[]): Promise<T> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#socket.write(`${JSON.stringify({ id, method, args })}\n`);
    });
  }

  #take(message: Message): void {
    if (message.address) this.#addressWatcher?.onEvent(message.address);
    else if (message.event) this.#watcher?.onEvent(message.event);
    else if (message.lost) this.#watcher?.onLost();
    else {
      const call = this.#calls.get(message.id ?? 0);
      this.#calls.delete(message.id ?? 0);
      if (message.error) call?.reject(revive(message.error));
      else call?.resolve(message.result);
    }
  }
}

interface Message {
  id?: number;
  result?: unknown;
  error?: Thrown;
  event?: LinkEvent;
  address?: AddressEvent;
  lost?: boolean;
}

interface Thrown {
  name: string;
  message: string;
  operation: NetworkOperation;
  argv: string[];
  code: number | null;
  stderr: string;
  netns: string | null;
}

function revive(error: Thrown): Error {
  if (error.name === 'ApplyFailed') return new ApplyFailed(error.operation, error.stderr);
  if (error.name === 'CommandFailed') return new CommandFailed({ ...error, why: error.message });
  return new Error(error.message);
}
